"""Metrics of samples: pure functions, and a `torchmetrics.Metric` for each."""

from lightning_gan.metrics.degenerate import DegenerateWarning
from lightning_gan.metrics.frechet import FrechetDistance, frechet_distance
from lightning_gan.metrics.inception_score import (
    AccumulatedInceptionScore,
    InceptionScoreValue,
    assign_splits,
    inception_score,
)
from lightning_gan.metrics.kernel_density import parzen_log_likelihood
from lightning_gan.metrics.kernel_distance import (
    KernelDistance,
    KernelDistanceValue,
    kernel_distance,
)
from lightning_gan.metrics.moments import GaussianStatistics, Moments
from lightning_gan.metrics.parzen import (
    SIGMAS_2014,
    ParzenScore,
    ParzenWindow,
    compute_parzen_score,
)
from lightning_gan.metrics.precision_recall import (
    AccumulatedPrecisionRecall,
    PrecisionRecallValue,
    precision_recall,
)
from lightning_gan.metrics.vectors import Vectors

__all__ = [
    "SIGMAS_2014",
    "AccumulatedInceptionScore",
    "AccumulatedPrecisionRecall",
    "DegenerateWarning",
    "FrechetDistance",
    "GaussianStatistics",
    "InceptionScoreValue",
    "KernelDistance",
    "KernelDistanceValue",
    "Moments",
    "ParzenScore",
    "ParzenWindow",
    "PrecisionRecallValue",
    "Vectors",
    "assign_splits",
    "compute_parzen_score",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "parzen_log_likelihood",
    "precision_recall",
]
