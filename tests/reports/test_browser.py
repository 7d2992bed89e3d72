"""The pages in Chromium: sliders, chart controls, narrow screens, no errors in the console and no requests."""

import json
import shutil

import pytest
from run_fixtures import make_protocol, make_run

from lightning_gan.evaluation import Score
from lightning_gan.reports.comparison import make_comparison
from lightning_gan.reports.run_reader import read_run
from lightning_gan.reports.run_report import write_report
from lightning_gan.reports.seed_groups import find_seed_groups

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def driver():
    """Return headless Chromium that logs its requests."""
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
    score = Score("fid", 2.0, None, make_protocol())
    return make_run(
        tmp_path / "version_0", name="<script>fail()</script>", scores=(score,), num_images=40
    )


def open_page(driver, path, width=1200, dark=False):
    """Open a page with a width and a colour scheme, and empty the logs."""
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    driver.get(path.as_uri())


def list_requests(driver):
    """Return the URLs that the page requested, except data URIs."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [
        m["params"]["request"]["url"]
        for m in messages
        if m["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in sent if not url.startswith("data:")]


def list_visible(driver):
    """Return the indices of the visible images of the slider."""
    return driver.execute_script(
        "return [...document.querySelectorAll('.frames img')].flatMap((im, i) => im.offsetHeight ? [i] : [])"
    )


def move(driver, value, slider="input[type=range]"):
    """Move a slider to a value."""
    driver.execute_script(
        "const s = document.querySelector(arguments[1]); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input', {bubbles: true}));",
        value,
        slider,
    )


def read_legend(driver):
    """Return the values in the legend of the first chart with the pointer near its right end."""
    return driver.execute_script(
        "const svg = document.querySelector('.chart svg'), b = svg.getBoundingClientRect();"
        "svg.dispatchEvent(new PointerEvent('pointermove', {clientX: b.right - 0.03 * b.width, clientY: b.top + 9}));"
        "return [...document.querySelector('.chart').querySelectorAll('.legend b')].map(v => v.textContent);"
    )


def test_slider_shows_the_image_of_its_step_without_errors_or_requests(driver, run):
    path = write_report(run)
    open_page(driver, path)
    output = driver.find_element("css selector", "output")
    assert (list_visible(driver), output.text) == ([29], "step 100")
    move(driver, 0)
    assert (list_visible(driver), output.text) == ([0], "step 0")
    move(driver, 15)
    assert list_visible(driver) == [15]
    assert (
        driver.execute_script("return document.querySelectorAll('.frames img')[15].naturalWidth")
        > 0
    )
    assert driver.get_log("browser") == []
    assert list_requests(driver) == [path.as_uri()]


def test_button_plays_the_images_to_the_end(driver, run):
    open_page(driver, write_report(run))
    move(driver, 27)
    driver.execute_script("document.querySelector('.frames button').click()")
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(driver, 20)
    wait.until(lambda d: list_visible(d) == [29])
    wait.until(lambda d: d.find_element("css selector", "button").text == "Play")


def test_legend_shows_the_value_at_the_pointer(driver, run):
    open_page(driver, write_report(run))
    assert read_legend(driver) == ["-1 at 100"]


@pytest.fixture
def comparison(run, tmp_path):
    """Return the page of two groups whose curves of V differ by 2."""
    other = make_run(
        tmp_path / "version_1",
        k=2,
        kind="points",
        shift=2.0,
        scores=(Score("fid", 1.0, None, make_protocol(n_real=3)),),
    )
    path = tmp_path / "compare.html"
    path.write_text(make_comparison(find_seed_groups([read_run(run), read_run(other)])))
    return path


@pytest.mark.parametrize("width", [1200, 420, 320])
def test_pages_fit_their_window_in_light_and_dark(width, driver, run, comparison):
    for page in (write_report(run), comparison):
        colours = []
        for dark in (False, True):
            open_page(driver, page, width, dark)
            colours.append(
                driver.execute_script("return getComputedStyle(document.body).backgroundColor")
            )
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, page.name
            assert driver.get_log("browser") == []
            assert list_requests(driver) == [page.as_uri()]
        assert len(set(colours)) == 2


@pytest.mark.parametrize("width", [420, 320])
def test_protocols_fill_the_width_of_a_narrow_screen(width, driver, run):
    open_page(driver, write_report(run), width)
    summary = driver.find_element("css selector", ".protocol summary")
    assert summary.rect["width"] > 0.7 * width
    scroll = (
        "return [...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
    )
    assert max(driver.execute_script(scroll)) <= 0
    label = (
        "return getComputedStyle(document.querySelectorAll('.scores td')[1], '::before').content"
    )
    assert driver.execute_script(label) == '"protocol"'


def read_curves(driver):
    """Return class and y of the last point of each visible line in the first chart."""
    return driver.execute_script(
        "return [...document.querySelector('.chart').querySelectorAll('polyline')]"
        ".filter(e => e.getBoundingClientRect().height).map(e => [e.className.baseVal,"
        " Number(e.getAttribute('points').split(',').at(-1))])"
    )


def test_smoothing_draws_the_moving_average_over_the_curve(driver, comparison):
    open_page(driver, comparison)
    ((_, raw), _) = before = read_curves(driver)
    move(driver, 0.9, "#smoothing")
    (_, smoothed), (kind, behind) = read_curves(driver)[:2]
    assert (kind, behind) == ("raw", pytest.approx(raw, abs=0.3))
    assert smoothed < raw - 5  # V falls, so that its average is higher: nearer to the top
    assert driver.find_element("css selector", ".chart-controls output").text == "0.90"
    values = [-i / 10 for i in range(1, 11)]
    weights = [0.9 ** (9 - i) for i in range(10)]
    mean = sum(w * y for w, y in zip(weights, values, strict=True)) / sum(weights)
    assert read_legend(driver)[0] == f"{mean:.4g} (raw -1) at 100"
    move(driver, 0, "#smoothing")
    assert read_curves(driver) == [[k, pytest.approx(y, abs=0.3)] for k, y in before]
    assert driver.get_log("browser") == []


def test_keyboard_hides_and_shows_a_group_in_all_charts(driver, comparison):
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    open_page(driver, comparison)
    count = "return [...document.querySelectorAll('.series')].filter(e => e.getBoundingClientRect().height).length"
    everything = driver.execute_script(count)
    button = driver.find_element("css selector", ".chart .legend button")
    button.send_keys(keys.ENTER)
    assert driver.execute_script(count) == everything / 2
    pressed = (
        "return [...document.querySelectorAll('button[data-group=\"0\"]')].map(e => e.ariaPressed)"
    )
    assert set(driver.execute_script(pressed)) == {"false"}
    button.send_keys(keys.SPACE)
    assert driver.execute_script(count) == everything
    assert set(driver.execute_script(pressed)) == {"true"}


def test_logarithmic_axis_needs_positive_values(driver, comparison):
    open_page(driver, comparison)
    driver.find_element("id", "logarithmic").click()
    charts = {
        chart.find_element("css selector", "h3").text: chart.text
        for chart in driver.find_elements("css selector", ".chart")
    }
    assert "Linear axis: some values are not positive." in charts["value V(D, G), nats: training"]
    assert "Linear axis" not in charts["D(x) and D(G(z)): D(x)"]
    assert driver.get_log("browser") == []


def test_policy_blocks_a_script_that_was_not_escaped(driver, run):
    path = write_report(run)
    text = path.read_text().replace(
        "&lt;script&gt;fail()&lt;/script&gt;", "<script>document.title='ran'</script>", 2
    )
    path.write_text(text)
    open_page(driver, path)
    assert driver.title != "ran"
    messages = [entry["message"] for entry in driver.get_log("browser")]
    assert any("Content Security Policy" in message for message in messages)
