"""report.html: what it shows, that it asks nobody for anything, and that it believes nothing it prints."""

import base64
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml
from PIL import Image
from reading import Page
from run_fixtures import ABOUT, entries, grid_of, make_run, score_protocol

from lightning_gan.evaluation import Score
from lightning_gan.reports.embedded_images import MOST
from lightning_gan.reports.html import HERE
from lightning_gan.reports.run_reader import read_run
from lightning_gan.reports.run_report import make_run_page, write_report, write_report_or_warn

EVIL = '</script></style><x-evil onload="alert(1)">&"\'<script>alert(1)</script>'


def page_of(folder, **arguments):
    return Page(write_report(make_run(folder, **arguments)).read_text())


def pixels(source):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))


def test_it_shows_scores_with_the_ruler_curves_pictures_config_and_machine(tmp_path):
    own, real = (
        Score("fid", 12.345, None, score_protocol()),
        Score("fid", 1.5, None, score_protocol(generated="x")),
    )
    page = page_of(tmp_path / "version_3", scores=(own,), baselines=(real,))
    for words in (
        "made version_3", "GAN · NonSaturating · mnist · 100 steps · seed 0 · 2026-01-02", "12.345",
        "training images 1.500",
        "lower is better", "same protocol", "500 of average of G, seed 0", "value V(D, G), nats", "-log 4", "1/2",
        "Parzen log-likelihood, nats", "batch_size: 10", "c" * 40, "made digits", "one, 1 threads", "step 100",
    ):  # fmt: skip
        assert words in page.text, words
    assert len(page.all("img")) == 5
    assert [i for i, a in enumerate(page.all("img")[:4]) if "hidden" not in a] == [
        3
    ]  # the last one is shown
    (slider,) = page.all("input")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "3", "3")
    assert page.all("figure")[0]["data-steps"] == "0,33,66,100"


def test_a_baseline_of_another_protocol_says_so(tmp_path):
    own, real = (
        Score("fid", 2.0, None, score_protocol()),
        Score("fid", 1.0, None, score_protocol(n_generated=20)),
    )
    page = page_of(tmp_path / "a", scores=(own,), baselines=(real,))
    assert "another protocol: number of samples 20 and 500" in page.text
    assert "training images: 1.000" not in page.text  # not at the head of the page


def test_everything_that_it_prints_is_escaped(tmp_path):
    evil = Score(
        EVIL, 1.0, None, score_protocol(generated=EVIL, settings={EVIL: EVIL}, error=EVIL), (EVIL,)
    )
    said = {key: EVIL for key in ("started", "model", "objective")}
    said |= {"data": dict.fromkeys(ABOUT["data"], EVIL), "code": dict.fromkeys(ABOUT["code"], EVIL)}
    said |= {"environment": {EVIL: EVIL}, "continues": {"checkpoint": EVIL, "step": EVIL}}
    folder = make_run(tmp_path / "a", name=EVIL, scores=(evil,), baselines=(evil,), about=said)
    with (folder / "metrics.csv").open("a") as file:
        file.write("")
    text = (folder / "metrics.csv").read_text().replace("train/d_gz", "<x-evil>")
    (folder / "metrics.csv").write_text(text)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    (folder / "config.yaml").write_text(yaml.safe_dump(config | {EVIL: [EVIL, {EVIL: EVIL}]}))
    page = Page(write_report(folder).read_text())
    names = {name for name, _ in page.elements}
    assert "x-evil" not in names
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert not [
        key for _, attributes in page.elements for key in attributes if key.startswith("on")
    ]
    assert page.text.count("<x-evil") > 15


def test_it_asks_the_network_for_nothing_and_forbids_itself_to(tmp_path):
    path = write_report(make_run(tmp_path / "a"))
    text, page = path.read_text(), Page(path.read_text())
    asked = [
        a[key] for _, a in page.elements for key in ("src", "href", "action", "data") if key in a
    ]
    assert len(asked) == 6
    assert all(source.startswith("data:") for source in asked)
    assert "url(" not in text
    assert "@import" not in text
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert len(text) < 100_000


def test_the_slider_has_at_most_so_many_pictures_evenly_chosen_without_a_loss(
    tmp_path_factory, subtests
):
    for kind in ["samples", "points"]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            folder = make_run(tmp_path / "a", kind=kind, image_bytes=101)
            page = Page(write_report(folder).read_text())
            steps = [int(s) for s in page.all("figure")[0]["data-steps"].split(",")]
            assert len(steps) == MOST
            assert (steps[0], steps[-1]) == (0, 100)
            assert {b - a for a, b in pairwise(steps)} <= {3, 4}
            for step, image in zip(steps, page.all("img"), strict=False):
                found = pixels(image["src"]).repeat(2, 0).repeat(2, 1)  # stored once, drawn as four
                assert (found == grid_of(step)[0].numpy()).all()


def test_a_picture_whose_pixels_are_not_doubled_is_the_file_itself(tmp_path):
    folder = make_run(tmp_path / "a", image_bytes=0)
    path = folder / "images" / "points" / "step_0000001.png"
    path.parent.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(noise).save(path)
    page = Page(write_report(folder).read_text())
    assert any(
        (pixels(a["src"]) == noise).all() for a in page.all("img") if pixels(a["src"]).ndim == 3
    )


def test_a_film_without_its_pictures_is_shown_itself(tmp_path):
    folder = make_run(tmp_path / "a", image_bytes=0)
    Image.new("RGB", (4, 4)).save(folder / "images" / "points.gif")
    page = Page(write_report(folder).read_text())
    assert [a["src"][:15] for a in page.all("img")].count("data:image/gif;") == 1


def test_an_objective_whose_scores_are_no_logits_says_what_the_curves_are(tmp_path):
    assert "not probabilities" not in page_of(tmp_path / "a").text
    assert (
        "Hinge does not make D's scores logits"
        in page_of(tmp_path / "b", about={"objective": "Hinge"}).text
    )


def test_a_run_without_scores_pictures_or_facts_has_a_page_too(tmp_path):
    folder = make_run(tmp_path / "a", image_bytes=0)
    for name in (
        "run.json",
        "scores.json",
        "baselines.json",
        "metrics.csv",
        "images/nearest_neighbours/step_0000100.png",
    ):
        (folder / name).unlink()
    page = Page(write_report(folder).read_text())
    assert "This run has no run.json" in page.text
    assert not page.all("img")


def test_scores_without_a_card_are_counted_and_not_shown(tmp_path):
    folder = make_run(tmp_path / "a")
    old = entries("stage", "test", Score("fid", 7.777, None, score_protocol()))
    del old[0]["protocol"]["precision"]
    old[0]["protocol"]["unknown"] = 1
    (folder / "scores.json").write_text(json.dumps(old))
    page = Page(write_report(folder).read_text())
    assert "7.777" not in page.text
    assert "1 scores were left out" in page.text


def test_curves_leave_out_what_is_not_finite_or_was_cut_off(tmp_path):
    folder = make_run(tmp_path / "a")
    with (folder / "metrics.csv").open("a") as file:
        file.write("110,nan,0.5,inf,,,0\n120,-1.0,0.")
    curves = read_run(folder).curves
    assert curves["train/value"][-2:] == [(100, -1.0), (120, -1.0)]
    assert curves["train/d_x"][-2:] == [(110, 0.5), (120, 0.0)]
    assert curves["train/d_gz"][-1][0] == 100


def test_the_curves_of_a_run_that_goes_on_begin_where_the_first_one_began(tmp_path):
    first = make_run(tmp_path / "version_0", step=100)
    (first / "checkpoints").mkdir()
    before = {"checkpoint": str(first / "checkpoints" / "step=50.ckpt"), "step": 50}
    second = make_run(tmp_path / "version_1", step=80, about={"continues": before})
    text = (second / "metrics.csv").read_text().splitlines()
    (second / "metrics.csv").write_text("\n".join([text[0], *text[6:]]) + "\n")  # from step 60
    curve = read_run(second).curves["train/value"]
    assert [step for step, _ in curve] == [10, 20, 30, 40, 50, 60, 70, 80]


def test_its_style_and_script_come_with_an_installed_package():
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text()
    (patterns,) = re.findall(r"^lightning_gan = (.+)$", setup, re.MULTILINE)
    assert {f"reports/*{p.suffix}" for p in HERE.iterdir() if p.suffix in (".css", ".js")} <= set(
        patterns.split(", ")
    )


def test_a_folder_that_is_no_run_is_named(tmp_path, command):
    ended = command("report", "nowhere")
    assert ended.status == 1
    assert "There is no run at nowhere: give the folder of a run" in ended.err
    make_run(Path("runs/made/version_9"))
    make_run(Path("runs/made/version_10"), seed=4)
    ended = command("report", "made", "--out", "page.html")
    assert ended.out.strip() == "report      page.html"
    assert "version_10" in Page(Path("page.html").read_text()).text
    assert "give a name that ends in .html" in command("report", "made", "--out", "page.txt").err
    assert write_report_or_warn(tmp_path / "nothing") == ""


def test_fit_leaves_its_page_in_the_run_folder(command):
    ended = command("fit", "--config", "small.yaml")
    assert "report      runs/small/version_0/report.html" in ended.out
    page = Page(Path("runs/small/version_0/report.html").read_text())
    for words in (
        "random training images",
        "one training image",
        "Nearest neighbours",
        "How to read this",
    ):
        assert words in page.text, words
    assert page.all("figure")[0]["data-steps"] == "0,5,10"


def test_what_changed_while_a_run_was_under_way_is_on_its_page(tmp_path):
    folder = make_run(tmp_path / "version_0")
    assert "Changed while it ran" not in make_run_page(read_run(folder))
    facts = json.loads((folder / "run.json").read_text())
    when = {"when": "2026-01-02T03:04:05+00:00"}
    said = ["train had <8> examples and has 10"]
    facts["data"]["changes"] = [
        when | {"step": 50, "differences": said, "sha256": "a" * 64},
        when | {"step": 70, "differences": [], "sha256": "b" * 64},
    ]
    facts["overrides"] = [
        when | {"step": 60, "key": "model.k", "old": 1, "new": 2},
        "of another version",
    ]
    (folder / "run.json").write_text(json.dumps(facts))
    page = make_run_page(read_run(folder))
    assert "the data changed at step 50, 70" in page
    rows = page.split("Changed while it ran")[1].split("</table>")[0].split("<tr>")[2:]
    assert [row.split("</th>")[0].split(">")[-1] for row in rows] == ["50", "60", "70"]
    assert "train had &lt;8&gt; examples" in rows[0]
    assert "<td>sha256 dddddddd</td><td>sha256 aaaaaaaa</td><td>2026-01-02 03:04 UTC" in rows[0]
    assert "<code>model.k</code></td><td>1</td><td>2</td>" in rows[1]
    assert "<td>sha256 aaaaaaaa</td><td>sha256 bbbbbbbb</td>" in rows[2]
