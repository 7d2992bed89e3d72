"""`python -m lightning_gan benchmark`: which models are played, what they cost, and the table of what was found."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lightning_gan.arguments import Count, Runs, check_arguments
from lightning_gan.evaluation.tables import check_output_path
from lightning_gan.studies.benchmarks import BENCHMARKS
from lightning_gan.studies.benchmarks.benchmark import Benchmark, BenchmarkModel
from lightning_gan.studies.benchmarks.report import format_benchmark
from lightning_gan.studies.results_cache import Row, read_cached_rows
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.text_table import format_duration, format_table

Thing = TypeVar("Thing", Benchmark, BenchmarkModel)


@dataclass(frozen=True)
class Plan:
    """What is going to run.

    Args:
        benchmark: of which.
        models: of it.
        seeds: of each model, from 0 up.
        steps: updates of G.
        rows: file of finished runs.
        root: folder of the data sets' files.
    """

    benchmark: Benchmark
    models: Sequence[BenchmarkModel]
    seeds: int
    steps: int
    rows: Path
    root: str

    def left(self, model: BenchmarkModel) -> int:
        """Runs of a model that are not finished yet."""
        there = read_cached_rows(self.rows)
        keys = [self.benchmark.key(model, self.steps, seed) for seed in range(self.seeds)]
        return sum(key not in there for key in keys)


@check_arguments
def benchmark(
    benchmarks: list[str] | None = None,
    models: list[str] | None = None,
    seeds: Runs = 10,
    steps: Count | None = None,
    out: str = "bench",
    root: str = "data",
    dry_run: bool = False,
) -> None:
    """Play the models of a benchmark, and compare them with what was published.

    Args:
        benchmarks: Names of the benchmarks.
        models: Names of their models; all if it is not given.
        seeds: Number of runs of each model, 1 to 1,000, with seeds from 0 up.
        steps: Updates of G, at least 1; each benchmark has a number of its own if it is not given.
        out: Folder for the rows of finished runs, which are not run again: more seeds later cost only what is new.
        root: Folder of the data sets' files; points need none.
        dry_run: Only say what would run, and what it costs.
    """
    plans = []
    for name in benchmarks or [""]:
        one = find_benchmark("benchmark", name, BENCHMARKS)
        asked = [find_benchmark(f"model of {one.name}", g, one.models) for g in models or ()]
        path = Path(out) / one.name / "rows.json"
        plans.append(Plan(one, asked or one.models, seeds, steps or one.steps, path, root))
    for plan in plans:
        print(f"{describe_cost(plan)}\n", flush=True)
    for plan in () if dry_run else plans:
        check_output_path(plan.rows)
        print(f"{run_benchmark(plan)}\nRows: {plan.rows}\n", flush=True)


def find_benchmark(kind: str, name: str, known: Iterable[Thing]) -> Thing:
    """A benchmark or a model by its name.

    Raises:
        ValueError: with the nearest name.
    """
    found = {thing.name: thing for thing in known}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(found)}."
    raise UserError(f"No {kind} {name!r}: {hint}" if name else f"Name a {kind}: {hint}")


def describe_cost(plan: Plan) -> str:
    """What is going to run, and about how long it takes."""
    rows, total = [], 0.0
    for model in plan.models:
        left = plan.left(model)
        seconds = left * plan.steps * model.milliseconds / 1000
        total += seconds
        rows.append(
            (
                model.name,
                f"{left} of {plan.seeds}",
                format_duration(seconds) if left else "-",
                model.says,
            )
        )
    one = plan.benchmark
    text = format_table(rows, ("model", "runs left", "about", "what is its own"))
    share = f"{plan.steps:,} updates of G, {one.share(plan.steps)}"
    return (
        f"{one.name}: {one.says}\n{text}\n{share}; about {format_duration(total)} of one core's time"
        if total
        else f"{one.name}: {one.says}\n{text}\n{share}; all of it is there"
    )


def run_benchmark(plan: Plan) -> str:
    """Play what is left, all models of a seed before the next seed; the table."""
    found: dict[str, list[Row]] = {model.name: [] for model in plan.models}
    there = read_cached_rows(plan.rows)
    for seed in range(plan.seeds):
        for model in plan.models:
            row = plan.benchmark.row(plan.rows, model, plan.steps, seed, plan.root)
            found[model.name].append(row)
            if plan.benchmark.key(model, plan.steps, seed) not in there:
                values = ", ".join(
                    f"{c.title} {row[c.key] * c.factor:.{c.digits}f}"
                    for c in plan.benchmark.columns
                )
                print(
                    f"{model.name}, seed {seed}: {values} ({format_duration(row['seconds'])})",
                    flush=True,
                )
    return format_benchmark(plan.benchmark, plan.steps, [(g, found[g.name]) for g in plan.models])
