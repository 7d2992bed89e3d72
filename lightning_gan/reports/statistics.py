"""Scores of groups of runs: mean and standard error over seeds, and which of them may be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

from lightning_gan.evaluation import EvaluationProtocol, Score
from lightning_gan.reports.run_reader import Curve
from lightning_gan.reports.seed_groups import SeedGroup

SMALL = 0.01
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Cell:
    """A score of a group.

    Attributes:
        n: runs.
        mean: over them; none where there is none to speak of.
        se: standard error of the mean, over seeds; none for one run.
        protocol: place among the protocols of this score; none where its runs differ among themselves.
        score: of the first run, for its digits and its protocol.
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
        if (
            self.se is not None and abs(self.mean) < SMALL
        ):  # three digits behind the point would say nothing
            return f"{self.mean:.2g} ± {self.se:.1g}"
        return str(replace(self.score, value=self.mean, sd=self.se))


@dataclass(frozen=True)
class ScoreColumn:
    """One score of all groups.

    Attributes:
        name: of the score.
        cells: of each group; none where it was not scored.
        protocols: the protocols that do not compare with each other, the first of each kind.
    """

    name: str
    cells: Sequence[Cell | None]
    protocols: Sequence[EvaluationProtocol]

    @property
    def comparable(self) -> bool:
        """Whether all values were got by one protocol."""
        return len(self.protocols) < 2

    def text(self, place: int) -> str:
        """A group's value; with the letter of its protocol where there are several."""
        cell = self.cells[place]
        if cell is None:
            return "-"
        several = not self.comparable and cell.protocol is not None
        return f"{cell} [{LETTERS[(cell.protocol or 0) % 26]}]" if several else str(cell)

    def warning(self) -> str:
        """Why not all values compare; empty if they do."""
        if self.comparable:
            return ""
        first, *others = self.protocols
        unlike = [
            f"[{LETTERS[i % 26]}] differs from [a] in {'; '.join(first.differences(other))}"
            for i, other in enumerate(others, 1)
        ]
        return f"{self.name}: not comparable across protocols. {'. '.join(unlike)}."


def make_columns(groups: Sequence[SeedGroup]) -> list[ScoreColumn]:
    """Every score that some group has, in the order in which they are met."""
    names = dict.fromkeys(
        n for group in groups for run in group.runs for n in run.latest(run.stage)
    )
    return [_column(name, groups) for name in names]


def _column(name: str, groups: Sequence[SeedGroup]) -> ScoreColumn:
    protocols: list[EvaluationProtocol] = []
    cells = []
    for group in groups:
        found = [s for run in group.runs if (s := run.latest(run.stage).get(name))]
        cells.append(
            _cell(found, [_kind(score.protocol, protocols) for score in found]) if found else None
        )
    return ScoreColumn(name, cells, protocols)


def _kind(score_protocol: EvaluationProtocol, protocols: list[EvaluationProtocol]) -> int:
    """The place of a protocol's protocol among those that were met; a new one is added."""
    for place, known in enumerate(protocols):
        if not known.differences(score_protocol):
            return place
    protocols.append(score_protocol)
    return len(protocols) - 1


def _cell(found: Sequence[Score], kinds: Sequence[int]) -> Cell:
    n, first = len(found), found[0]
    if len(set(kinds)) > 1:
        return Cell(n, None, None, None, first)
    values = [float(score.value) for score in found]
    if not all(map(math.isfinite, values)):
        return Cell(n, None, None, kinds[0], first)
    return Cell(n, mean(values), stdev(values) / math.sqrt(n) if n > 1 else None, kinds[0], first)


def average_curves(curves: Sequence[Curve]) -> tuple[Curve, list[float] | None]:
    """Mean over runs at the steps that all of them have, and the standard deviation there; none for one run."""
    known = [dict(curve) for curve in curves]
    steps = sorted(set.intersection(*(set(k) for k in known))) if known else []
    points = [(step, mean(k[step] for k in known)) for step in steps]
    spread = [stdev(k[step] for k in known) for step in steps] if len(known) > 1 else None
    return points, spread
