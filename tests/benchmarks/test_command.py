"""Command `benchmark`: runs, cached results, tables and errors."""

from functools import partial
from pathlib import Path

import pytest

from datamodules import Ring
from lightning_gan.cli.actions import benchmark as module
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.points import (
    COLUMNS,
    RECIPES,
    make_small_model,
    measure_points,
)
from lightning_gan.studies.results_cache import read_cached_rows
from lightning_gan.training.statistics import NonFiniteLossError

PLAYED = []


def make_recorded_model(name, seed, steps, root):
    """Build a real model of the ring, and record the call."""
    PLAYED.append((name, seed, steps))
    return make_small_model(Ring, RECIPES[name], seed, steps, root)


def make_benchmark(measure=measure_points, columns=COLUMNS):
    models = [
        BenchmarkModel("gan", "plain", partial(make_recorded_model, "gan"), 1000.0, PublishedRow("GAN", "Table 1",
        {"modes": PublishedNumber(6.3, 0.5)})),
        BenchmarkModel("r1", "flat", partial(make_recorded_model, "r1"), 2000.0),
    ]  # fmt: skip
    return Benchmark(
        "made",
        "does it run?",
        "small",
        "large",
        "networks",
        2,
        400,
        models,
        columns,
        measure,
        measurements=2,
    )


@pytest.fixture
def bench(command, monkeypatch):
    PLAYED.clear()
    monkeypatch.setattr(module, "BENCHMARKS", (make_benchmark(),))
    return partial(command, "benchmark")


def test_all_models_run_with_every_seed_and_appear_in_the_table(bench):
    ended = bench("made", "--seeds", "2")
    assert ended.status == 0, ended.err
    assert PLAYED == [("gan", 0, 2), ("r1", 0, 2), ("gan", 1, 2), ("r1", 1, 2)]
    assert "about 12 s on one core" in ended.out
    assert "GAN, Table 1" in ended.out
    assert "6.3 ± 0.5" in ended.out
    assert "0.5 %" in ended.out
    assert "Rows: bench/made/rows.json" in ended.out


def test_more_seeds_run_only_the_missing_ones(bench):
    bench("made", "--models", "gan", "--seeds", "1")
    PLAYED.clear()
    ended = bench("made", "--models", "gan", "--seeds", "3")
    assert PLAYED == [("gan", 1, 2), ("gan", 2, 2)]
    assert "2 of 3" in ended.out
    PLAYED.clear()
    assert "all runs are finished" in bench("made", "--models", "gan", "--seeds", "2").out
    assert PLAYED == []


def test_a_row_depends_on_seed_and_length(bench):
    for out in ("one", "two"):
        bench("made", "--models", "gan", "--seeds", "1", "--steps", "4", "--out", out)
    one, two = (read_cached_rows(Path(out, "made", "rows.json")) for out in ("one", "two"))
    for rows in (one, two):
        (key,) = rows
        assert key == "gan: plain | small | 4 updates of G | seed 0"
        assert rows[key].pop("seconds") > 0
    assert one == two
    bench("made", "--models", "gan", "--seeds", "1", "--out", "one")
    assert len(read_cached_rows(Path("one/made/rows.json"))) == 2


def test_dry_run_trains_and_writes_nothing(bench):
    ended = bench("made", "--dry_run")
    assert ended.status == 0
    assert "about 60 s on one core" in ended.out
    assert "10 of 10" in ended.out
    assert PLAYED == []
    assert not Path("bench").exists()


def test_a_row_has_the_last_value_and_the_best_one(bench, monkeypatch):
    values = iter([3.0, 5.0, 2.0])  # after 1 and 2 of 3 updates, then at the end
    counted = make_benchmark(
        lambda model, data: {"modes": next(values)}, (BenchmarkColumn("modes", "modes", 1),)
    )
    monkeypatch.setattr(module, "BENCHMARKS", (counted,))
    bench("made", "--models", "gan", "--seeds", "1", "--steps", "3")
    (row,) = read_cached_rows(Path("bench/made/rows.json")).values()
    assert (row["modes"], row["best"], row["measurements"], row["diverged"]) == (
        2,
        5,
        "1:3 2:5",
        None,
    )


def test_the_best_of_errors_is_the_smallest(bench, monkeypatch):
    values = iter([3.0, 5.0, 4.0])
    counted = make_benchmark(
        lambda model, data: {"e": next(values)},
        (BenchmarkColumn("e", "errors", 1, better=min),),
    )
    monkeypatch.setattr(module, "BENCHMARKS", (counted,))
    bench("made", "--models", "gan", "--seeds", "1", "--steps", "3")
    (row,) = read_cached_rows(Path("bench/made/rows.json")).values()
    assert (row["e"], row["best"]) == (4, 3)


def test_a_diverged_run_gives_a_row_and_does_not_stop_the_others(bench, monkeypatch):
    def breaks(self, *arguments):
        raise NonFiniteLossError("generator", 1, float("nan"))

    monkeypatch.setattr("lightning_gan.models.gan.GAN.g_objective", breaks)
    ended = bench("made", "--models", "gan", "--seeds", "2")
    assert ended.status == 0
    assert "2 of 2 runs diverged, at 0, 0" in ended.out


def test_errors_are_one_sentence(bench, subtests):
    for words, message in [
        ((), "No benchmark was given: give one of made."),
        (("mad",), "No benchmark 'mad': did you mean made?"),
        (("zzz",), "No benchmark 'zzz': give one of made."),
        (("made", "--models", "gam"), "No model of made 'gam': did you mean gan?"),
        (("made", "--seeds", "0"), "seeds is 0; give a whole number from 1 to 1,000."),
        (("made", "--steps", "0"), "steps is 0; give a whole number from 1"),
        (("made", "--out", "small.yaml"), "small.yaml"),
    ]:
        with subtests.test(words=words, message=message):
            ended = bench(*words)
            assert ended.status == 1
            assert ended.err.splitlines()[-1].startswith("error: ")
            assert message in ended.err
            assert PLAYED == []


def test_a_damaged_results_file_is_named_and_not_changed(bench, subtests):
    for text in [
        "{",
        "[]",
        '{"format": 1, "gan: plain | small | 2 updates of G | seed 0": {"modes": 8}}',
    ]:
        with subtests.test(text=text):
            path = Path("bench/made/rows.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            ended = bench("made", "--models", "gan", "--seeds", "1")
            assert ended.status == 1
            assert "bench/made/rows.json" in ended.err
            assert "delete it" in ended.err
            assert path.read_text() == text
            assert PLAYED == []
