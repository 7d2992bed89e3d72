"""Command `benchmark`: train the models of a benchmark over multiple seeds, and format the results."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lightning_gan.arguments import Count, Runs, check_arguments
from lightning_gan.evaluation.tables import check_place
from lightning_gan.studies.benchmarks import BENCHMARKS
from lightning_gan.studies.benchmarks.benchmark import Benchmark, BenchmarkModel
from lightning_gan.studies.benchmarks.report import format_benchmark
from lightning_gan.studies.results_cache import Row, read_cached_rows
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.text_table import format_duration, format_table

Named = TypeVar("Named", Benchmark, BenchmarkModel)


@dataclass(frozen=True)
class Plan:
    """Runs of one benchmark.

    Args:
        benchmark: Benchmark to run.
        models: Models to train.
        seeds: Number of runs of each model, with seeds from 0 up.
        steps: Number of updates of G in each run.
        rows: File of finished runs.
        root: Folder of the data sets.
    """

    benchmark: Benchmark
    models: Sequence[BenchmarkModel]
    seeds: int
    steps: int
    rows: Path
    root: str

    def count_remaining(self, model: BenchmarkModel) -> int:
        """Count the runs of a model that are not finished."""
        finished = read_cached_rows(self.rows)
        keys = [self.benchmark.key(model, self.steps, seed) for seed in range(self.seeds)]
        return sum(key not in finished for key in keys)


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
    """Train the models of a benchmark, and compare their results with published ones.

    Args:
        benchmarks: Names of the benchmarks.
        models: Names of their models; all if None.
        seeds: Number of runs of each model, 1 to 1,000, with seeds from 0 up.
        steps: Number of updates of G, at least 1; the default of each benchmark if None.
        out: Folder of the results. Finished runs in it are not repeated.
        root: Folder of the data sets.
        dry_run: Whether to print the runs and their cost without running them.
    """
    plans = []
    for name in benchmarks or [""]:
        found = find_benchmark("benchmark", name, BENCHMARKS)
        chosen = [find_benchmark(f"model of {found.name}", g, found.models) for g in models or ()]
        path = Path(out) / found.name / "rows.json"
        plans.append(Plan(found, chosen or found.models, seeds, steps or found.steps, path, root))
    for plan in plans:
        print(f"{describe_cost(plan)}\n", flush=True)
    for plan in () if dry_run else plans:
        check_place(plan.rows)
        print(f"{run_benchmark(plan)}\nRows: {plan.rows}\n", flush=True)


def find_benchmark(kind: str, name: str, known: Iterable[Named]) -> Named:
    """Find a benchmark or a model by its name.

    Raises:
        UserError: The name does not exist; the message suggests the nearest one.
    """
    found = {one.name: one for one in known}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(found)}."
    raise UserError(f"No {kind} {name!r}: {hint}" if name else f"No {kind} was given: {hint}")


def describe_cost(plan: Plan) -> str:
    """Describe the runs of a plan, and how long they take."""
    rows, total = [], 0.0
    for model in plan.models:
        remaining = plan.count_remaining(model)
        seconds = remaining * plan.steps * model.milliseconds / 1000
        total += seconds
        rows.append(
            (
                model.name,
                f"{remaining} of {plan.seeds}",
                format_duration(seconds) if remaining else "-",
                model.says,
            )
        )
    one = plan.benchmark
    text = format_table(rows, ("model", "runs to do", "about", "settings"))
    share = f"{plan.steps:,} updates of G, {one.share(plan.steps)}"
    return (
        f"{one.name}: {one.says}\n{text}\n{share}; about {format_duration(total)} on one core"
        if total
        else f"{one.name}: {one.says}\n{text}\n{share}; all runs are finished"
    )


def run_benchmark(plan: Plan) -> str:
    """Train the remaining models, seed by seed, and format the table of results."""
    found: dict[str, list[Row]] = {model.name: [] for model in plan.models}
    finished = read_cached_rows(plan.rows)
    for seed in range(plan.seeds):
        for model in plan.models:
            row = plan.benchmark.row(plan.rows, model, plan.steps, seed, plan.root)
            found[model.name].append(row)
            if plan.benchmark.key(model, plan.steps, seed) not in finished:
                values = ", ".join(
                    f"{c.title} {row[c.key] * c.factor:.{c.digits}f}"
                    for c in plan.benchmark.columns
                )
                print(
                    f"{model.name}, seed {seed}: {values} ({format_duration(row['seconds'])})",
                    flush=True,
                )
    return format_benchmark(plan.benchmark, plan.steps, [(g, found[g.name]) for g in plan.models])
