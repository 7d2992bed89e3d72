"""Table of a benchmark."""

import math

import pytest

from lightning_gan.studies.benchmarks import BENCHMARKS, FEATURES, NEAREST_NEIGHBOUR, RING
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.report import (
    agrees_with_published,
    describe_agreement,
    format_benchmark,
    summarize_seeds,
)

MODEL = BenchmarkModel(
    "a", "describes a", None, 1.0,
    PublishedRow("A", "Table 1", {"modes": PublishedNumber(6.0, 0.3), "share": PublishedNumber(50.0),
    "kl": PublishedNumber(0.5, 0.1)}),
)  # fmt: skip
BARE = BenchmarkModel("b", "describes b", None, 1.0)
MADE = Benchmark(
    "made", "tests the table", "ours", "theirs", "networks", 10, 1000, (MODEL, BARE),
    (BenchmarkColumn("modes", "modes", 1), BenchmarkColumn("share", "share, %", 1, factor=100.0),
    BenchmarkColumn("kl", "KL", 2)), None,
)  # fmt: skip


def row(modes, share, kl, best=8.0, diverged=None):
    return {"modes": modes, "share": share, "kl": kl, "best": best, "diverged": diverged}


def test_the_error_is_that_of_the_mean_over_runs():
    found = summarize_seeds([1.0, 2.0, 6.0])
    assert found.mean == 3
    assert found.error == pytest.approx(math.sqrt((4 + 1 + 9) / 2) / math.sqrt(3))
    assert summarize_seeds([4.0]) == (4.0, None)
    assert summarize_seeds([4.0, math.inf]) == (math.inf, None)


def test_means_agree_within_two_combined_standard_errors(subtests):
    for difference, inside in [(0.99, True), (1.01, False)]:
        with subtests.test(difference=difference, inside=inside):
            # combined: sqrt(0.3^2 + 0.4^2) = 0.5
            assert (
                agrees_with_published(
                    PublishedNumber(5.0 + difference, 0.3), PublishedNumber(5.0, 0.4)
                )
                is inside
            )
            assert (
                agrees_with_published(
                    PublishedNumber(5.0 - difference, 0.3), PublishedNumber(5.0, 0.4)
                )
                is inside
            )


def test_without_an_error_there_is_no_verdict():
    assert agrees_with_published(PublishedNumber(5.0), PublishedNumber(5.0, 0.1)) is None
    assert agrees_with_published(PublishedNumber(5.0, 0.1), PublishedNumber(5.0)) is None


def test_each_column_has_its_own_comparison():
    rows = [row(6.0, 0.5, 2.0), row(6.5, 0.5, 2.1)]
    assert (
        describe_agreement(MADE, MODEL, rows)
        == "within error: modes; outside error: KL; no published ±: share, %"
    )
    assert describe_agreement(MADE, BARE, rows) == "nothing published"


def test_the_published_row_follows_ours():
    found = [
        (MODEL, [row(6.0, 0.25, 1.0), row(7.0, 0.35, 1.0, best=7.0)]),
        (BARE, [row(8.0, 1.0, 0.0)]),
    ]
    lines = format_benchmark(MADE, 10, found).splitlines()
    assert lines[0].split() == (
        [
            "model",
            "runs",
            "modes",
            "best",
            "share,",
            "%",
            "KL",
            "length",
            "compared",
            "with",
            "published",
        ]
    )
    assert lines[2].startswith("a ")
    for cell in ("6.5 ± 0.5", "7.5 ± 0.5", "30.0 ± 5.0", "1.00 ± 0.00", "1 %"):
        assert cell in lines[2]
    assert lines[3].strip().startswith("A, Table 1")
    for cell in ("6.0 ± 0.3", "50.0", "0.50 ± 0.10", "100 %"):
        assert cell in lines[3]
    assert "nothing published" in lines[4]
    assert lines[5] == ""


def test_differences_from_the_published_protocol_are_named():
    found = [(MODEL, [row(6.0, 0.5, 0.5)])]
    assert "NOT the published protocol: other networks and length." in format_benchmark(
        MADE, 10, found
    )
    assert "NOT the published protocol: other networks." in format_benchmark(MADE, 1000, found)
    same = Benchmark("s", "s", "o", "t", "", 10, 1000, MADE.models, MADE.columns, None)
    assert "NOT the published protocol: other length." in format_benchmark(same, 10, found)
    assert "NOT" not in format_benchmark(same, 1000, found)


def test_runs_that_diverged_are_counted():
    found = [(MODEL, [row(0.0, 0.0, math.inf, diverged=40), row(6.0, 0.5, 0.5)])]
    text = format_benchmark(MADE, 10, found)
    assert "a: describes a (1 of 2 runs diverged, at 40)" in text
    assert "inf" in text


def test_every_benchmark_names_its_differences_and_has_a_published_row_with_its_columns():
    names = [b.name for b in BENCHMARKS]
    assert len(set(names)) == len(names)
    for one in BENCHMARKS:
        keys = {c.key for c in one.columns}
        rows = [g.published for g in one.models if g.published]
        assert rows or one.published_setup.startswith("nothing")
        assert all(set(r.numbers) <= keys and one.columns[0].key in r.numbers for r in rows)
        assert one.differences or one.steps == one.published_steps
        assert len({g.name for g in one.models}) == len(one.models)


def test_a_length_is_a_share_of_the_published_one_if_that_is_known():
    assert (
        FEATURES.describe_length(700)
        == NEAREST_NEIGHBOUR.describe_length(2500)
        == "length not published"
    )
    assert RING.describe_length(2000) == "0.5 % of the published length"
