"""Table 1 of Goodfellow et al. (2014) as published, and what stands beside it: scores of runs, and of no network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from lightning_gan.evaluation import Score
from lightning_gan.evaluation.evaluator import Evaluator
from lightning_gan.evaluation.reference_data import load_reference_data
from lightning_gan.evaluation.tables import read_scores
from lightning_gan.feature_extractors import Classifier
from lightning_gan.studies.goodfellow2014.claim import format_over_seeds
from lightning_gan.studies.goodfellow2014.experiments import evaluate_checkpoint

SCORE = "parzen_nats"
CENTRES = 10_000  # samples of the window, as in 2014


class Nats(NamedTuple):
    """A log-likelihood with its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.1f} ± {self.error:.1f}"

    @property
    def published(self) -> str:
        """With no more digits than it has."""
        return f"{self.value:g} ± {self.error:g}"

    def agrees(self, other: "Nats") -> bool:
        """Whether two values lie within twice the standard error of their difference."""
        return abs(self.value - other.value) <= 2 * math.hypot(self.error, other.error)


class PublishedTableRow(NamedTuple):
    """A row of Table 1: ± is over test images for MNIST, over the five folds for TFD."""

    model: str
    mnist: Nats
    tfd: Nats


OTHERS = (
    PublishedTableRow("DBN (Bengio et al. 2013)", Nats(138, 2), Nats(1909, 66)),
    PublishedTableRow("Stacked CAE (Bengio et al. 2013)", Nats(121, 1.6), Nats(2110, 50)),
    PublishedTableRow("Deep GSN (Bengio et al. 2014)", Nats(214, 1.1), Nats(1890, 29)),
)
GAN_2014 = PublishedTableRow("Adversarial nets", Nats(225, 2), Nats(2057, 26))


@dataclass(frozen=True)
class Runs:
    """Test scores of the runs of one recipe, one for each seed, by one protocol."""

    scores: Sequence[Score]

    @property
    def values(self) -> list[float]:
        """Nats of each seed."""
        return [s.value for s in self.scores]

    @property
    def over_images(self) -> float:
        """Standard error over test images: the ± of Table 1; its mean over seeds."""
        return mean(s.sd or 0 for s in self.scores)

    @property
    def nats(self) -> Nats:
        """Mean with its standard error: over seeds, or over test images where there is one seed."""
        several = len(self.scores) > 1
        error = stdev(self.values) / math.sqrt(len(self.values)) if several else self.over_images
        return Nats(mean(self.values), error)

    @property
    def ours(self) -> str:
        """As it stands in the table of findings."""
        if len(self.scores) == 1:
            return f"{self.nats} nats (1 seed, ± over test images)"
        return format_over_seeds(self.values, 1, "nats")

    @property
    def comparable(self) -> bool:
        """Whether the protocol is that of Table 1: real MNIST, 10,000 samples, 10,000 test images."""
        protocols = [s.protocol for s in self.scores]
        return all(
            (c.real, c.n_generated, c.n_real) == ("mnist", CENTRES, 10_000) for c in protocols
        )

    @property
    def protocol(self) -> str:
        """Everything but the value."""
        score_protocol = self.scores[0].protocol
        sigmas = ", ".join(sorted({f"{s.protocol.chosen['sigma']:.4f}"[1:] for s in self.scores}))
        return (
            f"n = {score_protocol.n_generated:,} samples, sigma {sigmas} by "
            f"{score_protocol.settings['validation images']:,} validation "
            f"images, {score_protocol.n_real:,} {score_protocol.real} test images; ± over test images "
            f"{self.over_images:.1f}."
        )


def score_runs(folders: Sequence[Path]) -> Runs:
    """The test scores of finished runs.

    Raises:
        ExperimentError: if one of them has none.
    """
    found = []
    for folder in folders:
        value, error = evaluate_checkpoint(folder, SCORE)
        latest = {s.name: s for s in read_scores(str(folder / "scores.json"))}[SCORE]
        found.append(Score(SCORE, value, error, latest.protocol))
    return Runs(found)


def score_baselines(root: str) -> dict[str, Nats]:
    """What needs no network, by the same protocol on MNIST: kept in the cache that `evaluate` uses."""
    known = load_reference_data("mnist", root, "test", None, with_window=True)
    rows = Evaluator(known, Classifier("mnist"), ["parzen"]).baselines(CENTRES, seed=0)
    return {name: Nats(found[0].value, found[0].sd or 0) for name, found in rows.items()}
