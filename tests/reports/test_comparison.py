"""compare: groups of runs, scores over seeds, comparability, missing scores, and the page."""

import math
import re
from pathlib import Path
from statistics import stdev

import pytest
from reading import Page
from run_fixtures import add_checkpoint, add_evaluation, make_protocol, make_run, set_times

from lightning_gan.evaluation import Score
from lightning_gan.reports import seed_groups
from lightning_gan.reports.comparison import format_comparison, make_comparison
from lightning_gan.reports.missing_scores import list_missing
from lightning_gan.reports.run_reader import read_run
from lightning_gan.reports.seed_groups import find_seed_groups, make_short_names
from lightning_gan.reports.seed_statistics import average_curves, make_columns

EVIL = '<x-evil onclick="alert(1)">&\''


def fid(value, **changes):
    return (Score("fid", value, None, make_protocol(**changes)),)


def kid(value):
    return (Score("kid", value, None, make_protocol()),)


@pytest.fixture
def make(tmp_path):
    numbers = iter(range(100))

    def run(**arguments):
        return read_run(make_run(tmp_path / f"version_{next(numbers)}", **arguments))

    return run


def test_runs_that_differ_only_in_their_seed_form_a_group(make):
    runs = [make(seed=1), make(seed=0), make(k=2), make(name="other"), make(k=2, seed=5)]
    groups = find_seed_groups(runs)
    assert [g.label for g in groups] == ["made, k 1", "made, k 2", "other"]
    assert [[r.seed for r in g.runs] for g in groups] == [[0, 1], [0, 5], [0]]


def test_each_config_is_flattened_once(make, monkeypatch):
    runs, seen = [make(k=k) for k in range(1, 9)], []
    recipe = seed_groups.select_recipe_settings
    monkeypatch.setattr(
        seed_groups, "select_recipe_settings", lambda config: seen.append(config) or recipe(config)
    )
    assert len(find_seed_groups(runs)) == 8
    assert len(seen) == 8


def test_short_names_are_unique_and_name_the_owner_of_a_setting():
    keys = {
        "model.init_args.k": "k",
        "model.init_args.d_optimizer.init_args.lr": "d_optimizer.lr",
        "model.init_args.g_optimizer.init_args.lr": "g_optimizer.lr",
        "model.init_args.d_optimizer.class_path": "d_optimizer",
        "model.class_path": "model",
        "data.init_args.batch_size": "batch_size",
        "model.init_args.prior.init_args.seed": "prior.seed",
        "data.init_args.seed": "data.init_args.seed",
        "trainer.seed": "trainer.seed",
    }
    assert make_short_names(keys) == keys


def test_score_of_a_group_is_mean_and_standard_error_over_seeds(make):
    values = [10.0, 11.0, 15.0]
    (column,) = make_columns(
        find_seed_groups([make(seed=i, scores=fid(v)) for i, v in enumerate(values)])
    )
    (cell,) = column.cells
    assert (cell.n, cell.mean) == (3, 12.0)
    assert cell.se == pytest.approx(stdev(values) / math.sqrt(3))
    assert column.format_cell(0) == "12.000 ± 1.528"
    assert column.comparable


def test_small_mean_is_not_rounded_to_zero(make):
    (column,) = make_columns(
        find_seed_groups([make(seed=i, scores=fid(v)) for i, v in enumerate((0.0011, 0.0019))])
    )
    assert column.format_cell(0) == "0.0015 ± 0.0004"


def test_single_run_has_no_standard_error(make):
    (column,) = make_columns(
        find_seed_groups([make(scores=(Score("fid", 1.0, 0.5, make_protocol()),))])
    )
    assert column.format_cell(0) == "1.000"


def test_number_of_modes_is_followed_by_the_total(make):
    modes = [(Score("modes", v, None, make_protocol(settings={"modes": 8})),) for v in (8, 7)]
    (column,) = make_columns(
        find_seed_groups([make(seed=i, scores=s) for i, s in enumerate(modes)])
    )
    assert column.format_cell(0) == "7.5 ± 0.5 of 8"


def test_differing_protocols_are_marked_and_explained(make):
    groups = find_seed_groups(
        [
            make(scores=fid(1.0)),
            make(k=2, scores=fid(2.0, n_generated=16)),
            make(k=3, scores=fid(3.0)),
        ]
    )
    (column,) = make_columns(groups)
    assert [column.format_cell(i) for i in range(3)] == ["1.000 [a]", "2.000 [b]", "3.000 [a]"]
    sentence = "fid: not comparable across protocols. [b] differs from [a] in number of samples 500 and 16."
    assert column.describe_differences() == sentence
    assert sentence in format_comparison(groups)
    page = Page(make_comparison(groups))
    assert sentence in page.text
    assert "2.000 [b]" in page.text


def test_runs_of_a_group_with_differing_protocols_have_no_mean(make):
    runs = [make(seed=0, scores=fid(1.0)), make(seed=1, scores=fid(2.0, real="cifar10"))]
    (column,) = make_columns(find_seed_groups(runs))
    assert column.format_cell(0) == "unlike protocols"
    assert "real data mnist and cifar10" in column.describe_differences()


def test_protocols_that_differ_only_in_the_seed_are_comparable(make):
    (column,) = make_columns(
        find_seed_groups([make(scores=fid(1.0)), make(seed=1, scores=fid(2.0, seed=7))])
    )
    assert column.comparable


def test_early_stopped_and_repeated_runs_are_left_out_and_listed(make):
    runs = [
        make(seed=0, scores=fid(1.0)),
        make(seed=0, scores=fid(3.0)),
        make(seed=1, step=50, scores=fid(99.0)),
    ]
    groups = find_seed_groups(runs)
    (group,) = groups
    (column,) = make_columns(groups)
    assert column.format_cell(0) == "3.000"  # the newer one
    assert "version_2: at step 50 of 100" in format_comparison(groups)
    assert "version_0: seed 0 was run again" in format_comparison(groups)
    assert len(group.left_out) == 2


def test_values_that_are_not_finite_have_no_mean(make):
    (column,) = make_columns(
        find_seed_groups([make(scores=fid(math.inf)), make(seed=1, scores=fid(2.0))])
    )
    assert column.format_cell(0) == "not finite"


def test_mean_curve_has_the_steps_that_all_runs_have():
    curves = [[(1, 1.0), (2, 2.0), (3, 9.0)], [(2, 4.0), (3, 11.0), (4, 0.0)]]
    points, spread = average_curves(curves)
    assert points == [(2, 3.0), (3, 10.0)]
    assert spread == pytest.approx([math.sqrt(2), math.sqrt(2)])
    assert average_curves(curves[:1]) == (curves[0], None)


def test_page_shows_scores_curves_images_settings_and_runs(make):
    runs = [
        make(seed=i, k=k, shift=k + i, scores=fid(10.0 * k + i)) for k in (1, 2) for i in (0, 1)
    ]
    page = Page(make_comparison(find_seed_groups(runs)))
    for words in ("4 runs in 2 groups", "10.500 ± 0.500", "20.500 ± 0.500", "made, k 2", "model.init_args.k",
                  "value V(D, G), nats: training", "made, k 1: seed 0, step 100", "lower is better"):  # fmt: skip
        assert words in page.text, words
    assert len(page.all("img")) == 2
    assert len(page.all("polygon")) == 2  # V differs between seeds: a band for each of two groups
    assert all(a["src"].startswith("data:") for a in page.all("img"))


def test_page_lists_settings_first_and_whole(make):
    long = [f"value {i}" for i in range(60)]
    runs = [make(), make(k=2), make(k=3)]
    runs[0].config["model"]["init_args"] = {"only_here": 1, **runs[0].config["model"]["init_args"]}
    runs[1].config["model"]["init_args"]["many"] = long
    for i in range(40):
        runs[2].config["model"]["init_args"][f"setting_{i}"] = i
    text = make_comparison(find_seed_groups(runs))
    page = Page(text)
    assert re.findall(r"<h2>(.*?)</h2>", text)[:2] == ["Settings that differ", "Scores"]
    assert f"[{', '.join(long)}]" in page.text
    assert len(re.findall(r"setting_\d+</code>", text)) == 40
    settings = text[: text.index("<h2>Scores")]
    assert "<details>" not in settings
    assert settings.index(".k<") < settings.index("only_here<")  # all three groups have a k


def test_header_links_to_every_section(make):
    page = Page(make_comparison(find_seed_groups([make(), make(k=2)])))
    sections = [f"#{a['id']}" for a in page.all("section")]
    assert [a["href"] for a in page.all("a")] == sections
    assert len(sections) == 5
    assert "Settings that differ" not in Page(make_comparison(find_seed_groups([make()]))).text


def test_page_has_controls_for_smoothing_axis_and_groups(make):
    text = make_comparison(find_seed_groups([make(), make(k=2)]))
    controls = text[text.index('class="chart-controls"') : text.index('class="charts"')]
    assert re.findall(r'data-group="(\d)"><i class="c\d"></i>([^<]+)<', controls) == [
        ("0", "made, k 1"),
        ("1", "made, k 2"),
    ]
    assert 'type="range" min="0" max="0.99"' in controls
    assert 'type="checkbox"' in controls


def test_reference_lines_require_that_all_objectives_return_probabilities(make):
    logits = [make(), make(k=2, info={"objective": "Minimax"})]
    assert 'class="reference"' in make_comparison(find_seed_groups(logits))
    mixed = [make(), make(k=2, info={"objective": "Wasserstein"})]
    text = make_comparison(find_seed_groups(mixed))
    assert 'class="reference"' not in text
    assert "sigmoid of the output of D: D(x)" in Page(text).text


def test_runs_table_shows_time_and_speed(make):
    run = make(num_images=2)
    images = {f"images/samples/step_{step:07d}.png": 1 + step / 4 for step in (0, 100)}
    set_times(run.folder, {"run.json": 0, **images})
    text = Page(make_comparison(find_seed_groups([run, make(k=2)]))).text
    assert "steps per second" in text
    assert " 100 26 s 4 cccccccccccc" in text
    assert " 100 unknown unknown cccccccccccc" in text


def test_scores_of_evaluate_fill_a_column(make):
    runs = [make(scores=fid(1.0)), make(k=2)]
    add_evaluation(runs[1].folder, *fid(2.0), *kid(0.5))
    groups = find_seed_groups([read_run(run.folder) for run in runs])
    columns = {column.name: column for column in make_columns(groups)}
    assert [columns["fid"].format_cell(i) for i in range(2)] == ["1.000", "2.000"]
    assert [columns["kid"].format_cell(i) for i in range(2)] == ["-", "0.50000"]


def test_missing_scores_are_listed_with_the_command_that_computes_them(make):
    runs = [make(scores=fid(1.0)), make(k=2), make(k=3, info={"data": {"name": "cifar10"}})]
    checkpoints = [add_checkpoint(run.folder) for run in runs]
    second, third = (
        f"python -m lightning_gan evaluate --ckpt_path {path}" for path in checkpoints[1:]
    )
    second += f" --metrics fid --features Inception --num_samples 500 --json {runs[1].folder}/evaluate.json"
    third += f" --json {runs[2].folder}/evaluate.json"  # no run on cifar10 has a score
    groups = find_seed_groups(runs)
    lines = format_comparison(groups).splitlines()
    assert lines[-2:] == [f"  {second}", f"  {third}"]
    text = Page(make_comparison(groups)).text
    assert second in text
    assert third in text
    assert "evaluate" not in format_comparison(find_seed_groups(runs[:1]))


def test_command_for_missing_scores_names_a_free_file_and_the_feature_space(make):
    runs = [make(scores=(*fid(1.0), Score("recall_dinov2", 0.5, None, make_protocol()))), make(k=2)]
    checkpoint = add_checkpoint(runs[1].folder)
    add_evaluation(runs[1].folder, *fid(2.0))
    (commands,) = list_missing([read_run(run.folder) for run in runs]).values()
    assert commands == [
        f"python -m lightning_gan evaluate --ckpt_path {checkpoint} --metrics pr --features DINOv2 --num_samples 500 "
        f"--json {runs[1].folder}/evaluate_2.json"
    ]


def test_scores_that_evaluate_does_not_compute_need_test(make):
    modes = Score("modes", 8, None, make_protocol(settings={"modes": 8}))
    runs = [make(scores=(modes,)), make(k=2, kind="points"), make(k=3)]
    checkpoint = add_checkpoint(runs[1].folder)
    missing = list_missing(runs)
    command = f"python -m lightning_gan test --ckpt_path {checkpoint}"
    assert missing[str(runs[1].folder)] == [command]
    assert missing[str(runs[2].folder)] == [
        f"no checkpoint in {runs[2].folder}/checkpoints: train the run again"
    ]
    assert list_missing(runs[1:2]) == {str(runs[1].folder): [command]}  # points are no images


def test_comparison_escapes_names_and_settings(make):
    runs = [
        make(name=EVIL, k=k, scores=(Score(EVIL, 1.0, None, make_protocol(real=EVIL * k)),))
        for k in (1, 2)
    ]
    page = Page(make_comparison(find_seed_groups(runs)))
    assert not page.all("x-evil")
    assert "<x-evil" in page.text


def test_command_prints_the_table_and_writes_the_page(command):
    for seed, value in enumerate((1.0, 3.0)):
        make_run(Path(f"runs/made/version_{seed}"), seed=seed, scores=fid(value))
    make_run(Path("elsewhere"), k=5, scores=fid(7.0))
    ended = command("compare", "made", "runs/made/version_0", "elsewhere")
    assert ended.status == 0, ended.err
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["made,", "k", "1", "2", "2.000", "±", "1.000"] in lines
    assert ["made,", "k", "5", "1", "7.000"] in lines
    assert lines[-1] == ["compare", "compare.html"]
    assert "3 runs in 2 groups" in Page(Path("compare.html").read_text()).text
    assert "There is no run at nowhere" in command("compare", "nowhere").err
