"""Run benchmarks: estimate their cost, train the models, and print the tables."""

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
from lightning_gan.studies.results_cache import CachedRow, read_cached_rows
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.text_table import format_duration, format_table

Thing = TypeVar("Thing", Benchmark, BenchmarkModel)


@dataclass(frozen=True)
class Plan:
    """Runs of one benchmark.

    Args:
        benchmark: Benchmark to run.
        models: Models of the benchmark to run.
        seeds: Number of seeds of each model, from 0 up.
        steps: Updates of G in each run.
        rows: File with the results of finished runs.
        root: Folder of the data sets.
    """

    benchmark: Benchmark
    models: Sequence[BenchmarkModel]
    seeds: int
    steps: int
    rows: Path
    root: str

    def count_missing(self, model: BenchmarkModel) -> int:
        """Count the runs of a model that are not finished."""
        finished = read_cached_rows(self.rows)
        keys = [self.benchmark.make_key(model, self.steps, seed) for seed in range(self.seeds)]
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
    """Train the models of benchmarks, and compare the results with published ones.

    Args:
        benchmarks: Names of the benchmarks.
        models: Names of the models to train; all if None.
        seeds: Number of runs of each model, 1 to 1,000, with seeds from 0 up.
        steps: Updates of G, at least 1; the default of each benchmark if None.
        out: Folder for the results of finished runs, which are not run again.
        root: Folder of the data sets.
        dry_run: Print the runs and their cost, and train nothing.
    """
    plans = []
    for name in benchmarks or [""]:
        one = find_benchmark("benchmark", name, BENCHMARKS)
        chosen = [find_benchmark(f"model of {one.name}", g, one.models) for g in models or ()]
        path = Path(out) / one.name / "rows.json"
        plans.append(Plan(one, chosen or one.models, seeds, steps or one.steps, path, root))
    for plan in plans:
        print(f"{describe_cost(plan)}\n", flush=True)
    for plan in () if dry_run else plans:
        check_output_path(plan.rows)
        print(f"{run_benchmark(plan)}\nRows: {plan.rows}\n", flush=True)


def find_benchmark(kind: str, name: str, known: Iterable[Thing]) -> Thing:
    """Return the benchmark or model of a name.

    Raises:
        UserError: If there is none; the message names the nearest one.
    """
    found = {thing.name: thing for thing in known}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(found)}."
    raise UserError(f"No {kind} {name!r}: {hint}" if name else f"No {kind} was given: {hint}")


def describe_cost(plan: Plan) -> str:
    """Describe the missing runs and their approximate cost."""
    rows, total = [], 0.0
    for model in plan.models:
        missing = plan.count_missing(model)
        seconds = missing * plan.steps * model.milliseconds / 1000
        total += seconds
        rows.append(
            (
                model.name,
                f"{missing} of {plan.seeds}",
                format_duration(seconds) if missing else "-",
                model.description,
            )
        )
    one = plan.benchmark
    text = format_table(rows, ("model", "missing runs", "about", "description"))
    share = f"{plan.steps:,} updates of G, {one.describe_length(plan.steps)}"
    return (
        f"{one.name}: {one.question}\n{text}\n{share}; about {format_duration(total)} on one core"
        if total
        else f"{one.name}: {one.question}\n{text}\n{share}; all runs are finished"
    )


def run_benchmark(plan: Plan) -> str:
    """Train what is missing, seed by seed, and format the table."""
    found: dict[str, list[CachedRow]] = {model.name: [] for model in plan.models}
    finished = read_cached_rows(plan.rows)
    for seed in range(plan.seeds):
        for model in plan.models:
            row = plan.benchmark.run_or_read(plan.rows, model, plan.steps, seed, plan.root)
            found[model.name].append(row)
            if plan.benchmark.make_key(model, plan.steps, seed) not in finished:
                values = ", ".join(
                    f"{c.title} {row[c.key] * c.factor:.{c.digits}f}"
                    for c in plan.benchmark.columns
                )
                print(
                    f"{model.name}, seed {seed}: {values} ({format_duration(row['seconds'])})",
                    flush=True,
                )
    baselines = plan.benchmark.run_or_read_baselines(plan.rows)
    runs = [(model, found[model.name]) for model in plan.models]
    return format_benchmark(plan.benchmark, plan.steps, runs, baselines)
