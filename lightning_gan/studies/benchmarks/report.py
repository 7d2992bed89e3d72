"""The table of a benchmark: means over seeds, the published row beneath, and whether both agree."""

import math
from collections.abc import Sequence
from statistics import mean, stdev

from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
)
from lightning_gan.studies.results_cache import Row
from lightning_gan.utils.text_table import format_table

Found = Sequence[tuple[BenchmarkModel, Sequence[Row]]]
ERRORS = 2  # combined standard errors within which two means agree


def summarize_seeds(values: Sequence[float]) -> PublishedNumber:
    """Mean and its standard error; one run has none, and an infinite value leaves none."""
    if len(values) == 1 or not all(map(math.isfinite, values)):
        return PublishedNumber(mean(values))
    return PublishedNumber(mean(values), stdev(values) / math.sqrt(len(values)))


def agrees_with_published(ours: PublishedNumber, theirs: PublishedNumber) -> bool | None:
    """Whether the difference is within two combined standard errors; none where an error is not known.

    Example:
        >>> agree(Number(7.0, 0.3), Number(7.9, 0.4)), agree(Number(7.0, 0.1), Number(7.9, 0.1))
        (True, False)
    """
    if ours.error is None or theirs.error is None:
        return None
    return abs(ours.mean - theirs.mean) <= ERRORS * math.hypot(ours.error, theirs.error)


def describe_agreement(benchmark: Benchmark, model: BenchmarkModel, rows: Sequence[Row]) -> str:
    """Which of our means are inside, and which outside, of two combined standard errors of the published ones."""
    if model.published is None:
        return "nothing published"
    said: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for column in benchmark.columns:
        theirs = model.published.numbers.get(column.key)
        if theirs is not None:
            said[agrees_with_published(_number(rows, column), theirs)].append(column.title)
    words = {True: "inside", False: "outside", None: "no ± to judge by"}
    return "; ".join(f"{words[k]}: {', '.join(names)}" for k, names in said.items() if names)


def format_benchmark(benchmark: Benchmark, steps: int, found: Found) -> str:
    """Two rows for each model: ours, and the published one; how to read them; and what they cost."""
    titles = [c.title for c in benchmark.columns]
    header = (
        "model",
        "runs",
        titles[0],
        "best look",
        *titles[1:],
        "length",
        "against the row beneath",
    )
    lines = []
    for model, rows in found:
        lines += _lines(benchmark, steps, model, rows)
    return f"{format_table(lines, header)}\n\n{format_reading(benchmark, steps, found)}"


def _lines(
    benchmark: Benchmark, steps: int, model: BenchmarkModel, rows: Sequence[Row]
) -> list[tuple[str, ...]]:
    first, *others = benchmark.columns
    best = summarize_seeds([row["best"] * first.factor for row in rows])
    length = benchmark.share(steps).removesuffix(" of the published length")
    ours = (
        model.name, str(len(rows)), format_shown(_number(rows, first), first), format_shown(best, first),
        *(format_shown(_number(rows, c), c) for c in others), length, describe_agreement(benchmark, model, rows),
    )  # fmt: skip
    if model.published is None:
        return [ours]
    numbers = model.published.numbers
    cells = {
        c.key: format_shown(numbers[c.key], c) if c.key in numbers else "-"
        for c in benchmark.columns
    }
    name = f"  {model.published.name}, {model.published.source}"
    return [ours, (name, "", cells[first.key], "", *(cells[c.key] for c in others), "100 %", "")]


def _number(rows: Sequence[Row], column: BenchmarkColumn) -> PublishedNumber:
    return summarize_seeds([row[column.key] * column.factor for row in rows])


def format_shown(number: PublishedNumber, column: BenchmarkColumn) -> str:
    """With its error, if it has one."""
    text = f"{number.mean:.{column.digits}f}"
    return text if number.error is None else f"{text} ± {number.error:.{column.digits}f}"


def format_reading(benchmark: Benchmark, steps: int, found: Found) -> str:
    """What the table's words mean, and what must be known before believing it."""
    share = f"{steps:,} updates of G, {benchmark.share(steps)}"
    lines = [
        f"{model.name}: {model.says}" + _diverged(rows) for model, rows in found
    ] + [
        f"All of them: {benchmark.ours}.",
        f"Published: {benchmark.theirs}.",
        "± is the standard error of the mean over runs; values are those of the last update, the best look stands "
        "beside, because it hides what was lost since.",
        f"Inside: the means differ by at most {ERRORS} combined standard errors. Length: {share}.",
    ]  # fmt: skip
    there = any(model.published for model in benchmark.models)
    if there and (benchmark.differs or steps != benchmark.published_steps):
        what = " and ".join(
            filter(None, (benchmark.differs, "length" * (steps != benchmark.published_steps)))
        )
        lines.append(f"NOT the published protocol: other {what}. A verdict compares two protocols.")
    return "\n".join(lines)


def _diverged(rows: Sequence[Row]) -> str:
    steps = [str(row["diverged"]) for row in rows if row["diverged"] is not None]
    return f" ({len(steps)} of {len(rows)} runs diverged, at {', '.join(steps)})" if steps else ""
