"""The pages in a browser: they open from a file, the slider moves, nothing goes wrong and nothing is asked for."""

import json
import shutil

import pytest
from run_fixtures import make_run, score_protocol

from lightning_gan.evaluation import Score
from lightning_gan.reports.comparison import make_comparison
from lightning_gan.reports.run_reader import read_run
from lightning_gan.reports.run_report import write_report
from lightning_gan.reports.seed_groups import find_seed_groups

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def driver():
    """Chromium without a window, that notes what it asks for."""
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="pip install 'lightning-gan[browser]'"
    )
    from selenium.webdriver.chrome.service import Service

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    chromedriver = shutil.which("chromedriver")
    if not (browser and chromedriver):
        pytest.skip("no Chromium with its driver here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(chromedriver))
    yield driver
    driver.quit()


@pytest.fixture
def run(tmp_path):
    score = Score("fid", 2.0, None, score_protocol())
    return make_run(
        tmp_path / "version_0", name="<script>fail()</script>", scores=(score,), image_bytes=40
    )


def opened(driver, path, width=1200, dark=False):
    """Open a page under a width and a colour scheme."""
    for kind in ("browser", "performance"):
        driver.get_log(kind)  # forget
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    driver.get(path.as_uri())


def asked(driver):
    """Every address that the page asked for, but for what it holds itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [
        m["params"]["request"]["url"]
        for m in messages
        if m["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in sent if not url.startswith("data:")]


def shown(driver):
    """The places of the images that the slider shows."""
    return driver.execute_script(
        "return [...document.querySelectorAll('.frames img')].flatMap((im, i) => im.offsetHeight ? [i] : [])"
    )


def move(driver, place):
    """The slider, as a hand moves it."""
    driver.execute_script(
        "const s = document.querySelector('input[type=range]'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input', {bubbles: true}));",
        place,
    )


def test_the_slider_of_a_report_moves_and_nothing_goes_wrong(driver, run):
    path = write_report(run)
    opened(driver, path)
    output = driver.find_element("css selector", "output")
    assert (shown(driver), output.text) == ([29], "step 100")
    move(driver, 0)
    assert (shown(driver), output.text) == ([0], "step 0")
    move(driver, 15)
    assert shown(driver) == [15]
    assert (
        driver.execute_script("return document.querySelectorAll('.frames img')[15].naturalWidth")
        > 0
    )
    assert driver.get_log("browser") == []
    assert asked(driver) == [path.as_uri()]


def test_the_button_plays_the_pictures_to_the_end(driver, run):
    opened(driver, write_report(run))
    move(driver, 27)
    driver.execute_script("document.querySelector('.frames button').click()")
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(driver, 20)
    wait.until(lambda d: shown(d) == [29])
    wait.until(lambda d: d.find_element("css selector", "button").text == "Play")


def test_values_under_the_pointer_are_those_of_the_curve(driver, run):
    opened(driver, write_report(run))
    said = driver.execute_script(
        "const svg = document.querySelector('.chart svg'), b = svg.getBoundingClientRect();"
        "svg.dispatchEvent(new PointerEvent('pointermove', {clientX: b.right - 0.03 * b.width, clientY: b.top + 9}));"
        "return [...document.querySelector('.chart').querySelectorAll('.legend b')].map(v => v.textContent);"
    )
    assert said == ["-1 at 100"]


@pytest.mark.parametrize("width", [1200, 390])
def test_both_pages_fit_their_window_in_light_and_dark(width, driver, run, tmp_path):
    other = make_run(
        tmp_path / "version_1",
        k=2,
        kind="points",
        scores=(Score("fid", 1.0, None, score_protocol(n_real=3)),),
    )
    path = tmp_path / "compare.html"
    path.write_text(make_comparison(find_seed_groups([read_run(run), read_run(other)])))
    for page in (write_report(run), path):
        colours = []
        for dark in (False, True):
            opened(driver, page, width, dark)
            colours.append(
                driver.execute_script("return getComputedStyle(document.body).backgroundColor")
            )
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, page.name
            assert driver.get_log("browser") == []
            assert asked(driver) == [page.as_uri()]
        assert len(set(colours)) == 2


def test_a_script_in_a_name_does_not_run_even_if_it_were_not_escaped(driver, run):
    path = write_report(run)
    text = path.read_text().replace(
        "&lt;script&gt;fail()&lt;/script&gt;", "<script>document.title='ran'</script>", 2
    )
    path.write_text(text)
    opened(driver, path)
    assert driver.title != "ran"
    refused = [entry["message"] for entry in driver.get_log("browser")]
    assert any("Content Security Policy" in message for message in refused)
