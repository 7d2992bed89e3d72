"""compare: which runs belong together, what their scores are over seeds, and which must not be compared."""

import math
from pathlib import Path
from statistics import stdev

import pytest
from reading import Page
from run_fixtures import make_run, score_protocol

from lightning_gan.evaluation import Score
from lightning_gan.reports import seed_groups as grouping
from lightning_gan.reports.comparison import describe_group, make_comparison
from lightning_gan.reports.run_reader import read_run
from lightning_gan.reports.seed_groups import find_seed_groups, short_names
from lightning_gan.reports.statistics import average_curves, make_columns

EVIL = '<x-evil onclick="alert(1)">&\''


def fid(value, **changes):
    return (Score("fid", value, None, score_protocol(**changes)),)


@pytest.fixture
def make(tmp_path):
    numbers = iter(range(100))

    def run(**arguments):
        return read_run(make_run(tmp_path / f"version_{next(numbers)}", **arguments))

    return run


def test_runs_that_differ_in_their_seed_alone_are_a_group(make):
    runs = [make(seed=1), make(seed=0), make(k=2), make(name="other"), make(k=2, seed=5)]
    groups = find_seed_groups(runs)
    assert [g.label for g in groups] == ["made, k 1", "made, k 2", "other"]
    assert [[r.seed for r in g.runs] for g in groups] == [[0, 1], [0, 5], [0]]


def test_each_config_is_flattened_once_however_many_runs_differ(make, monkeypatch):
    runs, seen = [make(k=k) for k in range(1, 9)], []
    recipe = grouping.select_recipe_settings
    monkeypatch.setattr(
        grouping, "select_recipe_settings", lambda config: seen.append(config) or recipe(config)
    )
    assert len(find_seed_groups(runs)) == 8
    assert len(seen) == 8


def test_a_label_says_what_a_setting_belongs_to():
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
    assert short_names(keys) == keys


def test_a_score_is_the_mean_with_its_standard_error_over_seeds(make):
    values = [10.0, 11.0, 15.0]
    (column,) = make_columns(
        find_seed_groups([make(seed=i, scores=fid(v)) for i, v in enumerate(values)])
    )
    (cell,) = column.cells
    assert (cell.n, cell.mean) == (3, 12.0)
    assert cell.se == pytest.approx(stdev(values) / math.sqrt(3))
    assert column.text(0) == "12.000 ± 1.528"
    assert column.comparable


def test_a_small_score_keeps_its_digits(make):
    (column,) = make_columns(
        find_seed_groups([make(seed=i, scores=fid(v)) for i, v in enumerate((0.0011, 0.0019))])
    )
    assert column.text(0) == "0.0015 ± 0.0004"


def test_one_run_has_no_error_over_seeds(make):
    (column,) = make_columns(
        find_seed_groups([make(scores=(Score("fid", 1.0, 0.5, score_protocol()),))])
    )
    assert column.text(0) == "1.000"


def test_counted_modes_keep_what_there_were(make):
    modes = [(Score("modes", v, None, score_protocol(settings={"modes": 8})),) for v in (8, 7)]
    (column,) = make_columns(
        find_seed_groups([make(seed=i, scores=s) for i, s in enumerate(modes)])
    )
    assert column.text(0) == "7.5 ± 0.5 of 8"


def test_unlike_protocols_are_not_compared_and_it_says_why(make):
    groups = find_seed_groups(
        [
            make(scores=fid(1.0)),
            make(k=2, scores=fid(2.0, n_generated=16)),
            make(k=3, scores=fid(3.0)),
        ]
    )
    (column,) = make_columns(groups)
    assert [column.text(i) for i in range(3)] == ["1.000 [a]", "2.000 [b]", "3.000 [a]"]
    said = "fid: not comparable across protocols. [b] differs from [a] in number of samples 500 and 16."
    assert column.warning() == said
    assert said in describe_group(groups)
    page = Page(make_comparison(groups))
    assert said in page.text
    assert "2.000 [b]" in page.text


def test_no_mean_is_taken_over_unlike_protocols(make):
    runs = [make(seed=0, scores=fid(1.0)), make(seed=1, scores=fid(2.0, real="cifar10"))]
    (column,) = make_columns(find_seed_groups(runs))
    assert column.text(0) == "unlike protocols"
    assert "real data mnist and cifar10" in column.warning()


def test_another_seed_of_the_noise_is_no_other_protocol(make):
    (column,) = make_columns(
        find_seed_groups([make(scores=fid(1.0)), make(seed=1, scores=fid(2.0, seed=7))])
    )
    assert column.comparable


def test_runs_that_stopped_early_or_were_run_again_are_left_out_by_name(make):
    runs = [
        make(seed=0, scores=fid(1.0)),
        make(seed=0, scores=fid(3.0)),
        make(seed=1, step=50, scores=fid(99.0)),
    ]
    groups = find_seed_groups(runs)
    (group,) = groups
    (column,) = make_columns(groups)
    assert column.text(0) == "3.000"  # the newer one
    assert "version_2: at step 50 of 100" in describe_group(groups)
    assert "version_0: seed 0 was run again" in describe_group(groups)
    assert len(group.left_out) == 2


def test_what_is_not_finite_is_said_and_not_averaged(make):
    (column,) = make_columns(
        find_seed_groups([make(scores=fid(math.inf)), make(seed=1, scores=fid(2.0))])
    )
    assert column.text(0) == "not finite"


def test_a_mean_curve_stands_where_all_runs_have_a_value():
    curves = [[(1, 1.0), (2, 2.0), (3, 9.0)], [(2, 4.0), (3, 11.0), (4, 0.0)]]
    points, spread = average_curves(curves)
    assert points == [(2, 3.0), (3, 10.0)]
    assert spread == pytest.approx([math.sqrt(2), math.sqrt(2)])
    assert average_curves(curves[:1]) == (curves[0], None)


def test_the_page_shows_scores_curves_pictures_settings_and_runs(make):
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


def test_everything_that_it_prints_is_escaped(make):
    runs = [
        make(name=EVIL, k=k, scores=(Score(EVIL, 1.0, None, score_protocol(real=EVIL * k)),))
        for k in (1, 2)
    ]
    page = Page(make_comparison(find_seed_groups(runs)))
    assert not page.all("x-evil")
    assert "<x-evil" in page.text


def test_the_command_prints_the_table_and_writes_the_page(command):
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
