"""Claims of the paper, their settings and their findings."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from statistics import mean, stdev


class Verdict(Enum):
    """Verdict of a finding on its claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    SHOWN = "shown"  # a result without a criterion
    NOT_RUN = "not run"

    @classmethod
    def from_bool(cls, holds: bool) -> "Verdict":
        """Return HOLDS if the criterion is met, else FAILS."""
        return cls.HOLDS if holds else cls.FAILS


@dataclass(frozen=True)
class Finding:
    """Row of the table of results.

    Args:
        quantity: Measured quantity with its unit.
        expected: The paper's number, or the outcome that it claims.
        result: Measured value, with its standard error over seeds if there is one; see `format_over_seeds`.
        verdict: Verdict, computed from the numbers.
        image: File of the image that shows the result.
        note: Conditions of the measurement, such as a run that is shorter than the paper's.
    """

    quantity: str
    expected: str
    result: str
    verdict: Verdict
    image: Path | None = None
    note: str = ""


@dataclass(frozen=True)
class Setting:
    """Settings of a claim's run.

    Args:
        out: Folder for images, results and runs.
        root: Folder of the data sets.
        seeds: Random seeds for training, one run each.
        quick: Whether to run the short version. The short versions of all claims take five minutes on two cores.
    """

    out: Path = Path("paper")
    root: str = "data"
    seeds: Sequence[int] = (0,)
    quick: bool = False

    def make_folder(self, claim: str) -> Path:
        """Create the folder of a claim, and return it."""
        folder = self.out / claim
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def count_no_runs(setting: Setting) -> int:
    """Return 0, for a claim that needs no run of mnist_parzen.yaml."""
    return 0


def count_one_run(setting: Setting) -> int:
    """Return 1, for a claim that needs the run of mnist_parzen.yaml with seed 0."""
    return 1


@dataclass(frozen=True)
class Claim:
    """Claim of Goodfellow et al. (2014), and the experiment that tests it.

    Args:
        name: Name for `reproduce`.
        section: Section of the paper.
        statement: The claim in one sentence.
        run: Function that trains, measures and draws, and returns the findings.
        seconds: Approximate duration of the full version with one seed on one thread of the machine in RESULTS.md,
            without runs of mnist_parzen.yaml, which claims share.
        quick_seconds: The same for the short version; None if there is no short version.
        seeds: Default number of seeds of the full version.
        mnist_runs: Function that returns the number of runs of mnist_parzen.yaml that the claim needs.
    """

    name: str
    section: str
    statement: str
    run: Callable[[Setting], list[Finding]] = field(repr=False)
    seconds: float
    quick_seconds: float | None = None
    seeds: int = 1
    mnist_runs: Callable[[Setting], int] = count_no_runs

    def estimate_seconds(self, setting: Setting) -> float:
        """Estimate the duration in seconds, without runs of mnist_parzen.yaml."""
        return (self.quick_seconds or 0) if setting.quick else self.seconds * len(setting.seeds)


def count_seeds(n: int) -> str:
    """Format a number of seeds."""
    return f"{n} seed{'s' * (n != 1)}"


def format_over_seeds(values: Sequence[float], digits: int = 3, unit: str = "") -> str:
    """Format the mean and its standard error over seeds; one seed has no error."""
    suffix = f" {unit}" if unit else ""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}{suffix} ({count_seeds(1)})"
    error = stdev(values) / math.sqrt(len(values))
    return f"{mean(values):.{digits}f} ± {error:.{digits}f}{suffix} ({count_seeds(len(values))})"
