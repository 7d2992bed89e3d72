"""`python -m lightning_gan benchmark`: which games are played, what they cost, and the table of what was found."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lightning_gan.bench import BENCHMARKS
from lightning_gan.bench.benchmark import Benchmark, Game
from lightning_gan.bench.report import report
from lightning_gan.domains import Count, Runs, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.evaluation.tables import check_place
from lightning_gan.rows import Row, rows_of
from lightning_gan.tabular import duration, table

Thing = TypeVar("Thing", Benchmark, Game)


@dataclass(frozen=True)
class Plan:
    """What is going to run.

    Args:
        benchmark: of which.
        games: of it.
        seeds: of each game, from 0 up.
        steps: updates of G.
        rows: file of finished runs.
        root: folder of the data sets' files.
    """

    benchmark: Benchmark
    games: Sequence[Game]
    seeds: int
    steps: int
    rows: Path
    root: str

    def left(self, game: Game) -> int:
        """Runs of a game that are not finished yet."""
        there = rows_of(self.rows)
        keys = [self.benchmark.key(game, self.steps, seed) for seed in range(self.seeds)]
        return sum(key not in there for key in keys)


@check_arguments
def benchmark(
    benchmarks: list[str] | None = None,
    games: list[str] | None = None,
    seeds: Runs = 10,
    steps: Count | None = None,
    out: str = "bench",
    root: str = "data",
    dry_run: bool = False,
) -> None:
    """Play the games of a benchmark, and compare them with what was published.

    Args:
        benchmarks: Names of the benchmarks.
        games: Names of their games; all if it is not given.
        seeds: Number of runs of each game, 1 to 1,000, with seeds from 0 up.
        steps: Updates of G, at least 1; each benchmark has a number of its own if it is not given.
        out: Folder for the rows of finished runs, which are not run again: more seeds later cost only what is new.
        root: Folder of the data sets' files; points need none.
        dry_run: Only say what would run, and what it costs.
    """
    plans = []
    for name in benchmarks or [""]:
        one = named("benchmark", name, BENCHMARKS)
        asked = [named(f"game of {one.name}", g, one.games) for g in games or ()]
        path = Path(out) / one.name / "rows.json"
        plans.append(Plan(one, asked or one.games, seeds, steps or one.steps, path, root))
    for plan in plans:
        print(f"{cost(plan)}\n", flush=True)
    for plan in () if dry_run else plans:
        check_place(plan.rows)
        print(f"{run(plan)}\nRows: {plan.rows}\n", flush=True)


def named(kind: str, name: str, known: Iterable[Thing]) -> Thing:
    """A benchmark or a game by its name.

    Raises:
        ValueError: with the nearest name.
    """
    found = {thing.name: thing for thing in known}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(found)}."
    raise UserError(f"No {kind} {name!r}: {hint}" if name else f"Name a {kind}: {hint}")


def cost(plan: Plan) -> str:
    """What is going to run, and about how long it takes."""
    rows, total = [], 0.0
    for game in plan.games:
        left = plan.left(game)
        seconds = left * plan.steps * game.milliseconds / 1000
        total += seconds
        rows.append(
            (game.name, f"{left} of {plan.seeds}", duration(seconds) if left else "-", game.says)
        )
    one = plan.benchmark
    text = table(rows, ("game", "runs left", "about", "what is its own"))
    share = f"{plan.steps:,} updates of G, {one.share(plan.steps)}"
    return (
        f"{one.name}: {one.says}\n{text}\n{share}; about {duration(total)} of one core's time"
        if total
        else f"{one.name}: {one.says}\n{text}\n{share}; all of it is there"
    )


def run(plan: Plan) -> str:
    """Play what is left, all games of a seed before the next seed; the table."""
    found: dict[str, list[Row]] = {game.name: [] for game in plan.games}
    there = rows_of(plan.rows)
    for seed in range(plan.seeds):
        for game in plan.games:
            row = plan.benchmark.row(plan.rows, game, plan.steps, seed, plan.root)
            found[game.name].append(row)
            if plan.benchmark.key(game, plan.steps, seed) not in there:
                values = ", ".join(
                    f"{c.title} {row[c.key] * c.factor:.{c.digits}f}"
                    for c in plan.benchmark.columns
                )
                print(
                    f"{game.name}, seed {seed}: {values} ({duration(row['seconds'])})", flush=True
                )
    return report(plan.benchmark, plan.steps, [(g, found[g.name]) for g in plan.games])
