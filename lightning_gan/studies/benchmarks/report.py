"""Table of a benchmark: means over seeds, the published rows, and whether they agree."""

import math
from collections.abc import Sequence
from statistics import mean, stdev

from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
)
from lightning_gan.studies.results_cache import CachedRow
from lightning_gan.utils.text_table import format_table

Found = Sequence[tuple[BenchmarkModel, Sequence[CachedRow]]]
ERRORS = 2  # combined standard errors within which two means agree


def summarize_seeds(values: Sequence[float]) -> PublishedNumber:
    """Compute the mean and its standard error; the error is None for one run or for infinite values."""
    if len(values) == 1 or not all(map(math.isfinite, values)):
        return PublishedNumber(mean(values))
    return PublishedNumber(mean(values), stdev(values) / math.sqrt(len(values)))


def agrees_with_published(ours: PublishedNumber, published: PublishedNumber) -> bool | None:
    """Return whether two means differ by at most two combined standard errors; None if an error is unknown.

    Example:
        >>> agrees_with_published(PublishedNumber(7.0, 0.3), PublishedNumber(7.9, 0.4))
        True
    """
    if ours.error is None or published.error is None:
        return None
    return abs(ours.mean - published.mean) <= ERRORS * math.hypot(ours.error, published.error)


def describe_agreement(
    benchmark: Benchmark, model: BenchmarkModel, rows: Sequence[CachedRow]
) -> str:
    """List the columns whose means agree with the published ones, and those whose means do not."""
    if model.published is None:
        return "nothing published"
    titles: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for column in benchmark.columns:
        number = model.published.numbers.get(column.key)
        if number is not None:
            titles[agrees_with_published(_number(rows, column), number)].append(column.title)
    words = {True: "within error", False: "outside error", None: "no published ±"}
    return "; ".join(f"{words[k]}: {', '.join(names)}" for k, names in titles.items() if names)


def format_benchmark(
    benchmark: Benchmark, steps: int, found: Found, baselines: CachedRow | None = None
) -> str:
    """Format a row for each model, its published row below, a row for each baseline, and an explanation."""
    titles = [c.title for c in benchmark.columns]
    header = (
        "model",
        "runs",
        titles[0],
        "best",
        *titles[1:],
        "length",
        "compared with published",
    )
    lines = []
    for model, rows in found:
        lines += _lines(benchmark, steps, model, rows)
    for name, values in (baselines or {}).items():
        cells = [format_column_value(_number([values], c), c) for c in benchmark.columns]
        lines.append((name, "", cells[0], "", *cells[1:], "", "baseline"))
    return f"{format_table(lines, header)}\n\n{format_explanation(benchmark, steps, found)}"


def _lines(
    benchmark: Benchmark, steps: int, model: BenchmarkModel, rows: Sequence[CachedRow]
) -> list[tuple[str, ...]]:
    first, *others = benchmark.columns
    best = summarize_seeds([row["best"] * first.factor for row in rows])
    length = benchmark.describe_length(steps).removesuffix(" of the published length")
    row = (
        model.name, str(len(rows)), format_column_value(_number(rows, first), first), format_column_value(best, first),
        *(format_column_value(_number(rows, c), c) for c in others), length, describe_agreement(benchmark, model, rows),
    )  # fmt: skip
    if model.published is None:
        return [row]
    numbers = model.published.numbers
    cells = {
        c.key: format_column_value(numbers[c.key], c) if c.key in numbers else "-"
        for c in benchmark.columns
    }
    name = f"  {model.published.name}, {model.published.source}"
    return [row, (name, "", cells[first.key], "", *(cells[c.key] for c in others), "100 %", "")]


def _number(rows: Sequence[CachedRow], column: BenchmarkColumn) -> PublishedNumber:
    return summarize_seeds([row[column.key] * column.factor for row in rows])


def format_column_value(number: PublishedNumber, column: BenchmarkColumn) -> str:
    """Format a mean, with its standard error if it is known."""
    text = f"{number.mean:.{column.digits}f}"
    return text if number.error is None else f"{text} ± {number.error:.{column.digits}f}"


def format_explanation(benchmark: Benchmark, steps: int, found: Found) -> str:
    """Explain the rows and columns of the table, and name the differences from the published setup."""
    share = f"{steps:,} updates of G, {benchmark.describe_length(steps)}"
    lines = [
        f"{model.name}: {model.description}" + _diverged(rows) for model, rows in found
    ] + [
        f"All models: {benchmark.setup}.",
        f"Published: {benchmark.published_setup}.",
        "± is the standard error of the mean over runs. Values are those after the last update; `best` is the best "
        "value of the first column during training.",
        f"Within error: the means differ by at most {ERRORS} combined standard errors. Length: {share}.",
    ]  # fmt: skip
    published = any(model.published for model in benchmark.models)
    if published and (benchmark.differences or steps != benchmark.published_steps):
        differences = " and ".join(
            filter(None, (benchmark.differences, "length" * (steps != benchmark.published_steps)))
        )
        lines.append(
            f"NOT the published protocol: other {differences}. The comparison is between two protocols."
        )
    return "\n".join(lines)


def _diverged(rows: Sequence[CachedRow]) -> str:
    steps = [str(row["diverged"]) for row in rows if row["diverged"] is not None]
    return f" ({len(steps)} of {len(rows)} runs diverged, at {', '.join(steps)})" if steps else ""
