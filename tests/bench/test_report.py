"""What the table of a benchmark says, where the answer is known."""

import math

import pytest

from lightning_gan.bench import BENCHMARKS, FEATURES, NEAREST_NEIGHBOUR, RING
from lightning_gan.bench.benchmark import Benchmark, Column, Game, Number, Published
from lightning_gan.bench.report import agree, over_seeds, report, verdict

GAME = Game(
    "a", "says a", None, 1.0,
    Published("A", "Table 1", {"modes": Number(6.0, 0.3), "share": Number(50.0), "kl": Number(0.5, 0.1)}),
)  # fmt: skip
BARE = Game("b", "says b", None, 1.0)
MADE = Benchmark(
    "made", "tests the table", "ours", "theirs", "networks", 10, 1000, (GAME, BARE),
    (Column("modes", "modes", 1), Column("share", "share, %", 1, factor=100.0), Column("kl", "KL", 2)), None,
)  # fmt: skip


def row(modes, share, kl, best=8.0, diverged=None):
    return {"modes": modes, "share": share, "kl": kl, "best": best, "diverged": diverged}


def test_the_error_is_that_of_the_mean_over_runs():
    found = over_seeds([1.0, 2.0, 6.0])
    assert found.mean == 3
    assert found.error == pytest.approx(math.sqrt((4 + 1 + 9) / 2) / math.sqrt(3))
    assert over_seeds([4.0]) == (4.0, None)
    assert over_seeds([4.0, math.inf]) == (math.inf, None)


def test_inside_are_two_combined_standard_errors(subtests):
    for difference, inside in [(0.99, True), (1.01, False)]:
        with subtests.test(difference=difference, inside=inside):
            # combined: sqrt(0.3^2 + 0.4^2) = 0.5
            assert agree(Number(5.0 + difference, 0.3), Number(5.0, 0.4)) is inside
            assert agree(Number(5.0 - difference, 0.3), Number(5.0, 0.4)) is inside


def test_without_an_error_there_is_no_verdict():
    assert agree(Number(5.0), Number(5.0, 0.1)) is None
    assert agree(Number(5.0, 0.1), Number(5.0)) is None


def test_each_quantity_is_judged_for_itself():
    rows = [row(6.0, 0.5, 2.0), row(6.5, 0.5, 2.1)]
    assert verdict(MADE, GAME, rows) == "inside: modes; outside: KL; no ± to judge by: share, %"
    assert verdict(MADE, BARE, rows) == "nothing published"


def test_the_published_row_stands_beneath_ours():
    found = [
        (GAME, [row(6.0, 0.25, 1.0), row(7.0, 0.35, 1.0, best=7.0)]),
        (BARE, [row(8.0, 1.0, 0.0)]),
    ]
    lines = report(MADE, 10, found).splitlines()
    assert lines[0].split() == (
        [
            "game",
            "runs",
            "modes",
            "best",
            "look",
            "share,",
            "%",
            "KL",
            "length",
            "against",
            "the",
            "row",
            "beneath",
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


def test_another_protocol_is_called_one():
    found = [(GAME, [row(6.0, 0.5, 0.5)])]
    assert "NOT the published protocol: other networks and length." in report(MADE, 10, found)
    assert "NOT the published protocol: other networks." in report(MADE, 1000, found)
    same = Benchmark("s", "s", "o", "t", "", 10, 1000, MADE.games, MADE.columns, None)
    assert "NOT the published protocol: other length." in report(same, 10, found)
    assert "NOT" not in report(same, 1000, found)


def test_runs_that_diverged_are_counted():
    found = [(GAME, [row(0.0, 0.0, math.inf, diverged=40), row(6.0, 0.5, 0.5)])]
    text = report(MADE, 10, found)
    assert "a: says a (1 of 2 runs diverged, at 40)" in text
    assert "inf" in text


def test_every_benchmark_says_what_differs_and_has_a_published_row_with_its_own_columns():
    names = [b.name for b in BENCHMARKS]
    assert len(set(names)) == len(names)
    for one in BENCHMARKS:
        keys = {c.key for c in one.columns}
        rows = [g.published for g in one.games if g.published]
        assert rows or one.theirs.startswith("nothing")
        assert all(set(r.numbers) <= keys and one.columns[0].key in r.numbers for r in rows)
        assert one.differs or one.steps == one.published_steps
        assert len({g.name for g in one.games}) == len(one.games)


def test_a_length_that_nobody_published_is_not_called_a_share_of_it():
    assert FEATURES.share(700) == NEAREST_NEIGHBOUR.share(2500) == "length not published"
    assert RING.share(2000) == "0.5 % of the published length"
