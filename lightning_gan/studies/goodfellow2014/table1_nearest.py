"""Part of a Parzen score in 784 dimensions that is due to the nearest sample alone."""

import math
from pathlib import Path

from torch import Tensor

from lightning_gan.checkpoints.load import load
from lightning_gan.evaluation import Score
from lightning_gan.evaluation.reference_data import load_reference_data
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.studies.goodfellow2014.claim import Finding, Verdict


def compute_squared_distance(x: Tensor, samples: Tensor) -> float:
    """Compute the mean squared Euclidean distance from x, [m, ...], to the nearest of the samples, [n, ...]."""
    flat, centres = x.flatten(1), samples.flatten(1)
    return float((flat - centres[find_nearest(flat, centres)]).square().sum(1).mean())


def bound_by_nearest(squared: float, n: int, d: int, sigma: float) -> float:
    """Compute the lower bound of a Parzen score from the nearest centre alone, in nats.

    log mean exp a >= max a - log n.

    Args:
        squared: Mean squared distance to the nearest centre.
        n: Number of centres.
        d: Number of dimensions.
        sigma: Width of the window.
    """
    return -squared / (2 * sigma**2) - math.log(n) - d * math.log(sigma * math.sqrt(2 * math.pi))


def judge_nearest(root: str, folder: Path, score: Score) -> Finding:
    """Judge whether the bound by the nearest sample is within one nat of a run's score."""
    score_protocol = score.protocol
    window = load_reference_data("mnist", root, "test", None, with_window=True).window
    assert window is not None
    gan = load(str(folder / "checkpoints" / "last.ckpt"))
    samples = gan.sample(score_protocol.n_generated, seed=score_protocol.seed or 0)
    squared = compute_squared_distance(window.scored, samples)
    alone = bound_by_nearest(
        squared, len(samples), samples[0].numel(), score_protocol.chosen["sigma"]
    )
    return Finding(
        "lower bound by the nearest sample within 1 nat of the score of the first seed?", "",
        f"{alone:.1f} of {score.value:.1f} nats", Verdict.from_bool(abs(score.value - alone) < 1),
        note=f"The score is an affine function of the mean squared distance ({squared:.2f}) from test images to the "
        f"nearest of {len(samples):,} samples, pixels in [0, 1].",
    )  # fmt: skip
