"""Published rows of Table 1 of Goodfellow et al. (2014), scores of our runs, and scores of baselines."""

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
from lightning_gan.studies.goodfellow2014.experiments import read_test_score

SCORE = "parzen_nats"
CENTRES = 10_000  # samples of the window, as in 2014


class Nats(NamedTuple):
    """Log-likelihood in nats with its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.1f} ± {self.error:.1f}"

    @property
    def published(self) -> str:
        """Value and error as they are printed in the paper."""
        return f"{self.value:g} ± {self.error:g}"

    def agrees(self, other: "Nats") -> bool:
        """Return whether two values differ by at most twice the standard error of their difference."""
        return abs(self.value - other.value) <= 2 * math.hypot(self.error, other.error)


class PublishedTableRow(NamedTuple):
    """Row of Table 1; errors are over test images for MNIST and over the five folds for TFD."""

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
class ScoredRuns:
    """Test scores of the runs of one recipe, one for each seed."""

    scores: Sequence[Score]

    @property
    def values(self) -> list[float]:
        """Scores of each seed, in nats."""
        return [s.value for s in self.scores]

    @property
    def over_images(self) -> float:
        """Standard error over test images, as in Table 1, averaged over seeds."""
        return mean(s.sd or 0 for s in self.scores)

    @property
    def nats(self) -> Nats:
        """Mean with its standard error over seeds; over test images for one seed."""
        if len(self.scores) == 1:
            return Nats(self.values[0], self.over_images)
        error = stdev(self.values) / math.sqrt(len(self.values))
        return Nats(mean(self.values), error)

    @property
    def result(self) -> str:
        """Text for the table of findings."""
        if len(self.scores) == 1:
            return f"{self.nats} nats (1 seed, ± over test images)"
        return format_over_seeds(self.values, 1, "nats")

    @property
    def comparable(self) -> bool:
        """Whether the protocol is that of Table 1: MNIST, 10,000 samples and 10,000 test images."""
        protocols = [s.protocol for s in self.scores]
        return all(
            (c.real, c.n_generated, c.n_real) == ("mnist", CENTRES, 10_000) for c in protocols
        )

    @property
    def protocol(self) -> str:
        """Description of the protocol."""
        score_protocol = self.scores[0].protocol
        sigmas = ", ".join(sorted({f"{s.protocol.chosen['sigma']:.4f}"[1:] for s in self.scores}))
        return (
            f"n = {score_protocol.n_generated:,} samples, sigma {sigmas} by "
            f"{score_protocol.settings['validation images']:,} validation "
            f"images, {score_protocol.n_real:,} {score_protocol.real} test images; ± over test images "
            f"{self.over_images:.1f}."
        )


def score_runs(folders: Sequence[Path]) -> ScoredRuns:
    """Read the test scores of finished runs.

    Raises:
        ExperimentError: If a run has no test score.
    """
    found = []
    for folder in folders:
        value, error = read_test_score(folder, SCORE)
        latest = {s.name: s for s in read_scores(str(folder / "scores.json"))}[SCORE]
        found.append(Score(SCORE, value, error, latest.protocol))
    return ScoredRuns(found)


def score_baselines(root: str) -> dict[str, Nats]:
    """Score the baselines on MNIST by the same protocol, with the cache of `evaluate`."""
    reference = load_reference_data("mnist", root, "test", None, with_window=True)
    rows = Evaluator(reference, Classifier("mnist"), ["parzen"]).baselines(CENTRES, seed=0)
    return {name: Nats(found[0].value, found[0].sd or 0) for name, found in rows.items()}
