"""Statistics over seeds: mean and standard error of scores, mean curves, and which scores are comparable."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from string import ascii_lowercase

from lightning_gan.evaluation import EvaluationProtocol, Score
from lightning_gan.reports.run_reader import Curve
from lightning_gan.reports.seed_groups import SeedGroup

SMALL = 0.01  # three decimals would hide a mean below this


@dataclass(frozen=True)
class Cell:
    """A score of a group of runs.

    Attributes:
        n: Number of runs with this score.
        mean: Mean over the runs; None if the values are not finite or their protocols differ.
        se: Standard error of the mean over seeds; None for one run.
        protocol: Index of the protocol in `ScoreColumn.protocols`; None if the protocols of the runs differ.
        score: Score of the first run, for the number of digits and the protocol.
    """

    n: int
    mean: float | None
    se: float | None
    protocol: int | None
    score: Score

    def __str__(self) -> str:
        if self.mean is None:
            return "unlike protocols" if self.protocol is None else "not finite"
        if self.score.total is not None:
            spread = "" if self.se is None else f" ± {self.se:.1f}"
            return f"{self.mean:.{0 if self.n == 1 else 1}f}{spread} of {self.score.total}"
        if self.se is not None and abs(self.mean) < SMALL:
            return f"{self.mean:.2g} ± {self.se:.1g}"
        return str(replace(self.score, value=self.mean, sd=self.se))


@dataclass(frozen=True)
class ScoreColumn:
    """A score of all groups.

    Attributes:
        name: Name of the score.
        cells: Cell of each group; None for a group without this score.
        protocols: One protocol of each set of comparable protocols.
    """

    name: str
    cells: Sequence[Cell | None]
    protocols: Sequence[EvaluationProtocol]

    @property
    def comparable(self) -> bool:
        """Whether all values have comparable protocols."""
        return len(self.protocols) < 2

    def format_cell(self, index: int) -> str:
        """Return the value of a group, with the letter of its protocol if the protocols differ."""
        cell = self.cells[index]
        if cell is None:
            return "-"
        several = not self.comparable and cell.protocol is not None
        return f"{cell} [{format_letter(cell.protocol or 0)}]" if several else str(cell)

    def describe_differences(self) -> str:
        """Return a sentence that says in what the protocols differ; empty if they are comparable."""
        if self.comparable:
            return ""
        first, *others = self.protocols
        differences = [
            f"[{format_letter(i)}] differs from [a] in {'; '.join(first.differences(other))}"
            for i, other in enumerate(others, 1)
        ]
        return f"{self.name}: not comparable across protocols. {'. '.join(differences)}."


def format_letter(index: int) -> str:
    """Return the letter of a protocol: a for 0."""
    return ascii_lowercase[index % 26]


def make_columns(groups: Sequence[SeedGroup]) -> list[ScoreColumn]:
    """Make a column for each score of any run, in order of appearance."""
    names = dict.fromkeys(n for group in groups for run in group.runs for n in run.reported_scores)
    return [_make_column(name, groups) for name in names]


def _make_column(name: str, groups: Sequence[SeedGroup]) -> ScoreColumn:
    protocols: list[EvaluationProtocol] = []
    cells = []
    for group in groups:
        scores = [score for run in group.runs if (score := run.reported_scores.get(name))]
        indices = [_find_protocol(score.protocol, protocols) for score in scores]
        cells.append(_make_cell(scores, indices) if scores else None)
    return ScoreColumn(name, cells, protocols)


def _find_protocol(protocol: EvaluationProtocol, protocols: list[EvaluationProtocol]) -> int:
    """Return the index of the first comparable protocol; append the protocol if there is none."""
    for index, known in enumerate(protocols):
        if not known.differences(protocol):
            return index
    protocols.append(protocol)
    return len(protocols) - 1


def _make_cell(scores: Sequence[Score], protocols: Sequence[int]) -> Cell:
    n, first = len(scores), scores[0]
    if len(set(protocols)) > 1:
        return Cell(n, None, None, None, first)
    values = [float(score.value) for score in scores]
    if not all(map(math.isfinite, values)):
        return Cell(n, None, None, protocols[0], first)
    se = stdev(values) / math.sqrt(n) if n > 1 else None
    return Cell(n, mean(values), se, protocols[0], first)


def average_curves(curves: Sequence[Curve]) -> tuple[Curve, list[float] | None]:
    """Average curves over runs at the steps that all runs have.

    Returns:
        The mean curve, and the standard deviation over runs at its points; None for a single run.
    """
    by_step = [dict(curve) for curve in curves]
    steps = sorted(set.intersection(*(set(d) for d in by_step))) if by_step else []
    points = [(step, mean(d[step] for d in by_step)) for step in steps]
    spread = [stdev(d[step] for d in by_step) for step in steps] if len(by_step) > 1 else None
    return points, spread
