"""A claim of the paper, how it is run, and what was found."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from statistics import mean, stdev


class Verdict(Enum):
    """What a finding says about its claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    SHOWN = "shown"  # an image or a number that the paper gives no figure for
    NOT_RUN = "not run"

    @classmethod
    def of(cls, holds: bool) -> "Verdict":
        """Whether a test that could have failed was passed."""
        return cls.HOLDS if holds else cls.FAILS


@dataclass(frozen=True)
class Finding:
    """One row of the table.

    Args:
        what: was measured, with its unit.
        theirs: the paper's number, or what it says must come out.
        ours: with ± over seeds where there are several; see `over_seeds`.
        verdict: decided by the numbers, never by hand.
        image: file that shows it.
        note: what to know before believing it, such as a shorter run than the paper's.
    """

    what: str
    theirs: str
    ours: str
    verdict: Verdict
    image: Path | None = None
    note: str = ""


@dataclass(frozen=True)
class Setting:
    """How a claim is run.

    Args:
        out: folder of all images and numbers.
        root: folder of the data sets' files.
        seeds: of training, one run each.
        quick: whether to run the short version, of which all claims together fit five minutes on two cores.
    """

    out: Path = Path("paper")
    root: str = "data"
    seeds: Sequence[int] = (0,)
    quick: bool = False

    def folder(self, claim: str) -> Path:
        """Where a claim writes; it is made."""
        folder = self.out / claim
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def count_no_runs(setting: Setting) -> int:
    """Of mnist_parzen.yaml."""
    return 0


def count_one_run(setting: Setting) -> int:
    """Of mnist_parzen.yaml, with seed 0."""
    return 1


@dataclass(frozen=True)
class Claim:
    """A claim of Goodfellow et al. (2014) that can be run.

    Args:
        name: what the user types behind `reproduce`.
        section: of the paper.
        says: the claim, in one sentence.
        run: trains, measures and draws; several findings are several rows.
        seconds: about how long the full version takes for one seed, on one thread of the machine of RESULTS.md; without
            the run of mnist_parzen.yaml that several claims look at.
        quick_seconds: the same of the short version; none: there is no short version, and `--quick` leaves it out.
        seeds: how many the full version takes unless the user says otherwise.
        mnist_runs: Number of runs of mnist_parzen.yaml that the claim needs: one, one for each seed, or none.
    """

    name: str
    section: str
    says: str
    run: Callable[[Setting], list[Finding]] = field(repr=False)
    seconds: float
    quick_seconds: float | None = None
    seeds: int = 1
    mnist_runs: Callable[[Setting], int] = count_no_runs

    def cost(self, setting: Setting) -> float:
        """Seconds to expect, without runs of mnist_parzen.yaml."""
        return (self.quick_seconds or 0) if setting.quick else self.seconds * len(setting.seeds)


def format_over_seeds(values: Sequence[float], digits: int = 3, unit: str = "") -> str:
    """Mean ± standard error of the mean over seeds; a single run has no ±."""
    behind = f" {unit}" if unit else ""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}{behind} (1 seed)"
    error = stdev(values) / math.sqrt(len(values))
    return f"{mean(values):.{digits}f} ± {error:.{digits}f}{behind} ({len(values)} seeds)"
