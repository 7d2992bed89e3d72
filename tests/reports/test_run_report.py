"""report.html: content, escaping, and that it sends no request."""

import base64
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from reading import Page
from run_fixtures import (
    INFO,
    add_evaluation,
    make_entries,
    make_grid,
    make_protocol,
    make_run,
    set_times,
)

import datamodules
from lightning_gan import losses
from lightning_gan.evaluation import Score
from lightning_gan.reports.curves import LOGIT_OBJECTIVES
from lightning_gan.reports.embedded_images import MAX_IMAGES
from lightning_gan.reports.html import FOLDER
from lightning_gan.reports.run_reader import read_run
from lightning_gan.reports.run_report import make_run_page, write_report, write_report_or_warn
from lightning_gan.reports.run_time import measure_run_time
from lightning_gan.utils.images import load_image, make_image_grid, save_image

EVIL = '</script></style><x-evil onload="alert(1)">&"\'<script>alert(1)</script>'


def page_of(folder, **arguments):
    return Page(write_report(make_run(folder, **arguments)).read_text())


def pixels(source):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))


def test_report_shows_scores_with_baselines_curves_images_config_and_machine(tmp_path):
    own, real = (
        Score("fid", 12.345, None, make_protocol()),
        Score("fid", 1.5, None, make_protocol(generated="x")),
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


def test_baseline_under_another_protocol_is_marked(tmp_path):
    own, real = (
        Score("fid", 2.0, None, make_protocol()),
        Score("fid", 1.0, None, make_protocol(n_generated=20)),
    )
    page = page_of(tmp_path / "a", scores=(own,), baselines=(real,))
    assert "another protocol: number of samples 20 and 500" in page.text
    assert "training images: 1.000" not in page.text  # not at the head of the page


def test_report_escapes_names_and_values(tmp_path):
    evil = Score(
        EVIL, 1.0, None, make_protocol(generated=EVIL, settings={EVIL: EVIL}, error=EVIL), (EVIL,)
    )
    info = {key: EVIL for key in ("started", "model", "objective")}
    info |= {"data": dict.fromkeys(INFO["data"], EVIL), "code": dict.fromkeys(INFO["code"], EVIL)}
    info |= {"environment": {EVIL: EVIL}, "continues": {"checkpoint": EVIL, "step": EVIL}}
    folder = make_run(tmp_path / "a", name=EVIL, scores=(evil,), baselines=(evil,), info=info)
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


def test_report_sends_no_request_and_its_policy_forbids_them(tmp_path):
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


def test_slider_has_a_limited_number_of_evenly_chosen_lossless_images(tmp_path_factory, subtests):
    for kind in ["samples", "points"]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            folder = make_run(tmp_path / "a", kind=kind, num_images=101)
            page = Page(write_report(folder).read_text())
            steps = [int(s) for s in page.all("figure")[0]["data-steps"].split(",")]
            assert len(steps) == MAX_IMAGES
            assert (steps[0], steps[-1]) == (0, 100)
            assert {b - a for a, b in pairwise(steps)} <= {3, 4}
            for step, image in zip(steps, page.all("img"), strict=False):
                found = pixels(image["src"]).repeat(2, 0).repeat(2, 1)  # stored once, drawn as four
                assert (found == make_grid(step)[0].numpy()).all()


def test_image_without_doubled_pixels_is_embedded_unchanged(tmp_path):
    folder = make_run(tmp_path / "a", num_images=0)
    path = folder / "images" / "points" / "step_0000001.png"
    path.parent.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(noise).save(path)
    page = Page(write_report(folder).read_text())
    assert any(
        (pixels(a["src"]) == noise).all() for a in page.all("img") if pixels(a["src"]).ndim == 3
    )


def test_animation_is_shown_if_its_frames_are_missing(tmp_path):
    folder = make_run(tmp_path / "a", num_images=0)
    Image.new("RGB", (4, 4)).save(folder / "images" / "points.gif")
    page = Page(write_report(folder).read_text())
    assert [a["src"][:15] for a in page.all("img")].count("data:image/gif;") == 1


def test_critic_has_no_reference_lines_and_its_curves_say_why(tmp_path):
    logits = page_of(tmp_path / "a").text
    for words in ("-log 4", "1/2"):
        assert words in logits
    page = page_of(tmp_path / "b", info={"objective": "Wasserstein"})
    assert not [a for _, a in page.elements if a.get("class") == "reference"]
    assert "sigmoid of the output of D" in page.text
    assert "Under Wasserstein the outputs of D are not logits" in page.text
    for words in ("-log 4", "1/2"):
        assert words not in page.text


def test_objective_of_a_run_without_run_json_is_that_of_the_config(tmp_path):
    folder = make_run(tmp_path / "a")
    (folder / "run.json").unlink()
    assert read_run(folder).objective == "NonSaturating"
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["model"]["init_args"]["loss"] = {"class_path": "lightning_gan.losses.Hinge"}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    assert read_run(folder).objective == "Hinge"


def test_objectives_with_probabilities_are_the_losses_whose_outputs_are_logits():
    kinds = [kind for kind in vars(losses).values() if isinstance(kind, type)]
    assert {kind.__name__ for kind in kinds if kind.outputs_are_logits} == set(LOGIT_OBJECTIVES)


def test_real_images_follow_the_samples(tmp_path):
    folder = make_run(tmp_path / "a")
    save_image(make_grid(7), folder / "images" / "real.png")
    text = make_run_page(read_run(folder))
    assert re.findall(r"<h3>(.*?)</h3>", text)[:3] == [
        "Samples",
        "Real images",
        "Nearest neighbours",
    ]
    (image,) = [a for a in Page(text).all("img") if a["alt"] == "real images"]
    found = pixels(image["src"]).repeat(2, 0).repeat(2, 1)
    assert (found == make_grid(7)[0].numpy()).all()


def test_scores_of_evaluate_are_reported_after_those_of_the_test(tmp_path):
    folder = make_run(tmp_path / "a", scores=(Score("fid", 1.0, None, make_protocol()),))
    kid = Score("kid", 0.25, None, make_protocol())
    add_evaluation(folder, Score("fid", 2.0, None, make_protocol()), kid)
    (folder / "evaluate_2.json").write_text("[1")
    run = read_run(folder)
    assert {name: s.value for name, s in run.reported_scores.items()} == {"fid": 1.0, "kid": 0.25}
    assert "0.25000" in Page(make_run_page(run)).text
    only_val = make_entries("stage", "val", Score("fid", 9.0, None, make_protocol()))
    (folder / "scores.json").write_text(json.dumps(only_val))
    assert read_run(folder).reported_scores["fid"].value == 2.0


def test_scores_of_the_test_command_at_the_last_step_are_reported(tmp_path):
    folder = make_run(tmp_path / "a")
    kid, fid = (Score(name, 0.25, None, make_protocol()) for name in ("kid", "fid"))
    for version, step, score in ((0, 100, kid), (1, 50, fid)):
        path = folder / "test" / f"version_{version}" / "scores.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(make_entries("stage", "test", score, step=step)))
    assert list(read_run(folder).reported_scores) == ["kid"]


def test_report_shows_training_time_and_speed(tmp_path):
    folder = make_run(tmp_path / "a", num_images=5)
    steps = {0: 1, 25: 6, 50: 11, 75: 60, 100: 65}  # a pause before step 75
    images = {f"images/samples/step_{step:07d}.png": t for step, t in steps.items()}
    set_times(folder, {"run.json": 0.5, **images})
    time = measure_run_time(read_run(folder))
    assert time.seconds == pytest.approx(65)
    assert time.steps_per_second == pytest.approx(5)
    text = Page(make_run_page(read_run(folder))).text
    assert "100 steps in 65 s (5 steps per second)" in text
    assert "training time with validation 65 s steps per second 5 " in text


def test_time_of_a_run_without_images_is_that_of_its_metrics(tmp_path):
    folder = make_run(tmp_path / "a", num_images=0, info={"continues": {"step": 60}})
    set_times(folder, {"run.json": 0, "metrics.csv": 20})
    time = measure_run_time(read_run(folder))
    assert (time.seconds, time.steps_per_second) == pytest.approx((20, 2))


def test_time_of_a_copied_run_is_unknown(tmp_path):
    folder = make_run(tmp_path / "a")  # its files are written long after the time in run.json
    assert measure_run_time(read_run(folder)) is None
    text = Page(make_run_page(read_run(folder))).text
    assert "100 steps · seed 0" in text
    assert "training time with validation unknown" in text


def test_cells_of_a_table_carry_the_title_of_their_column_for_narrow_screens(tmp_path):
    score = Score("fid", 2.0, None, make_protocol())
    page = page_of(tmp_path / "a", scores=(score,), baselines=(score,))
    assert [a["data-label"] for a in page.all("td")] == ["value", "protocol"] * 2


def test_run_without_scores_images_or_run_json_has_a_report(tmp_path):
    folder = make_run(tmp_path / "a", num_images=0)
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


def test_scores_with_an_unreadable_protocol_are_counted_and_left_out(tmp_path):
    folder = make_run(tmp_path / "a")
    old = make_entries("stage", "test", Score("fid", 7.777, None, make_protocol()))
    del old[0]["protocol"]["precision"]
    old[0]["protocol"]["unknown"] = 1
    (folder / "scores.json").write_text(json.dumps(old))
    page = Page(write_report(folder).read_text())
    assert "7.777" not in page.text
    assert "1 scores are left out" in page.text


def test_curves_omit_values_that_are_not_finite_and_truncated_rows(tmp_path):
    folder = make_run(tmp_path / "a")
    with (folder / "metrics.csv").open("a") as file:
        file.write("110,nan,0.5,inf,,,0\n120,-1.0,0.")
    curves = read_run(folder).curves
    assert curves["train/value"][-2:] == [(100, -1.0), (120, -1.0)]
    assert curves["train/d_x"][-2:] == [(110, 0.5), (120, 0.0)]
    assert curves["train/d_gz"][-1][0] == 100


def test_curves_of_a_continued_run_include_those_of_the_first_run(tmp_path):
    first = make_run(tmp_path / "version_0", step=100)
    (first / "checkpoints").mkdir()
    before = {"checkpoint": str(first / "checkpoints" / "step=50.ckpt"), "step": 50}
    second = make_run(tmp_path / "version_1", step=80, info={"continues": before})
    text = (second / "metrics.csv").read_text().splitlines()
    (second / "metrics.csv").write_text("\n".join([text[0], *text[6:]]) + "\n")  # from step 60
    curve = read_run(second).curves["train/value"]
    assert [step for step, _ in curve] == [10, 20, 30, 40, 50, 60, 70, 80]


def test_package_data_include_style_and_script():
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text()
    (patterns,) = re.findall(r"^lightning_gan = (.+)$", setup, re.MULTILINE)
    assert {f"reports/*{p.suffix}" for p in FOLDER.iterdir() if p.suffix in (".css", ".js")} <= set(
        patterns.split(", ")
    )


def test_report_command_finds_the_newest_run_and_names_a_missing_one(tmp_path, command):
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


def test_fit_writes_its_report_with_real_images_into_the_run_folder(command):
    ended = command("fit", "--config", "small.yaml")
    assert "report      runs/small/version_0/report.html" in ended.out
    page = Page(Path("runs/small/version_0/report.html").read_text())
    for words in (
        "random training images",
        "one training image",
        "Nearest neighbours",
        "How to read this page",
        "Real images",
    ):
        assert words in page.text, words
    assert page.all("figure")[0]["data-steps"] == "0,5,10"
    data = datamodules.MNIST(root="pixels", source="files")
    data.prepare_data()
    real = data.uint8_images("val")
    grid = make_image_grid(real[[i * len(real) // 4 for i in range(4)]], 2, scale=2)
    assert (load_image(Path("runs/small/version_0/images/real.png")) == grid).all()


def test_report_lists_changes_of_data_and_settings_during_the_run(tmp_path):
    folder = make_run(tmp_path / "version_0")
    assert "Changed while it ran" not in make_run_page(read_run(folder))
    facts = json.loads((folder / "run.json").read_text())
    when = {"when": "2026-01-02T03:04:05+00:00"}
    differences = ["train had <8> examples and has 10"]
    facts["data"]["changes"] = [
        when | {"step": 50, "differences": differences, "sha256": "a" * 64},
        when | {"step": 70, "differences": [], "sha256": "b" * 64},
    ]
    facts["overrides"] = [
        when | {"step": 60, "key": "model.k", "old": 1, "new": 2},
        "of another version",
    ]
    (folder / "run.json").write_text(json.dumps(facts))
    page = re.sub(r' data-label="\w+"', "", make_run_page(read_run(folder)))
    assert "the data changed at step 50, 70" in page
    rows = page.split("Changed while it ran")[1].split("</table>")[0].split("<tr>")[2:]
    assert [row.split("</th>")[0].split(">")[-1] for row in rows] == ["50", "60", "70"]
    assert "train had &lt;8&gt; examples" in rows[0]
    assert "<td>sha256 dddddddd</td><td>sha256 aaaaaaaa</td><td>2026-01-02 03:04 UTC" in rows[0]
    assert "<code>model.k</code></td><td>1</td><td>2</td>" in rows[1]
    assert "<td>sha256 aaaaaaaa</td><td>sha256 bbbbbbbb</td>" in rows[2]
