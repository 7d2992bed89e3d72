"""What a Parzen score measures in 784 dimensions: how far test images are from the nearest sample, and little else."""

import math
from pathlib import Path

from torch import Tensor

from lightning_gan.checkpoints.load import load
from lightning_gan.evaluation import Score
from lightning_gan.evaluation.reference_data import load_reference_data
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.studies.goodfellow2014.claim import Finding, Verdict


def squared_distance(x: Tensor, samples: Tensor) -> float:
    """Mean over x, [m, ...], of the squared Euclidean distance to the nearest of the samples, [n, ...]."""
    flat, centres = x.flatten(1), samples.flatten(1)
    return float((flat - centres[find_nearest(flat, centres)]).square().sum(1).mean())


def nearest_alone(squared: float, n: int, d: int, sigma: float) -> float:
    """Nats that a window of n centres in d dimensions gives if all but the nearest centre are left out.

    A lower bound of the Parzen score, since log mean exp a >= max a - log n.
    """
    return -squared / (2 * sigma**2) - math.log(n) - d * math.log(sigma * math.sqrt(2 * math.pi))


def explained(root: str, folder: Path, score: Score) -> Finding:
    """Of a finished run's score, the part that the nearest sample alone gives; holds if it is all but one nat."""
    score_protocol = score.protocol
    window = load_reference_data("mnist", root, "test", None, with_window=True).window
    assert window is not None
    gan = load(str(folder / "checkpoints" / "last.ckpt"))
    samples = gan.sample(score_protocol.n_generated, seed=score_protocol.seed or 0)
    squared = squared_distance(window.scored, samples)
    alone = nearest_alone(squared, len(samples), samples[0].numel(), score_protocol.chosen["sigma"])
    return Finding(
        "the nearest sample alone gives the score of our first seed to within 1 nat?", "",
        f"{alone:.1f} of {score.value:.1f} nats", Verdict.of(abs(score.value - alone) < 1),
        note=f"So the score is a mean squared distance ({squared:.2f}) in other units: from test images to the nearest "
        f"of {len(samples):,} samples, pixels in [0, 1].",
    )  # fmt: skip
