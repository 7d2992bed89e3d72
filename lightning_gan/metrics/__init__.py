"""How good samples are: pure functions, and a `torchmetrics.Metric` around each."""

from lightning_gan.metrics.degenerate import DegenerateWarning
from lightning_gan.metrics.frechet import FrechetDistance, frechet_distance
from lightning_gan.metrics.inception_score import (
    InceptionScore,
    InceptionScoreValue,
    inception_score,
    split_of,
)
from lightning_gan.metrics.kernel_density import parzen_log_likelihood
from lightning_gan.metrics.kernel_distance import (
    KernelDistance,
    KernelDistanceValue,
    kernel_distance,
)
from lightning_gan.metrics.moments import Gaussian, Moments
from lightning_gan.metrics.parzen import (
    SIGMAS_2014,
    ParzenScore,
    ParzenWindow,
    parzen_protocol,
)
from lightning_gan.metrics.precision_recall import (
    PrecisionRecall,
    PrecisionRecallValue,
    precision_recall,
)
from lightning_gan.metrics.vectors import Vectors

__all__ = [
    "SIGMAS_2014",
    "DegenerateWarning",
    "FrechetDistance",
    "Gaussian",
    "InceptionScore",
    "InceptionScoreValue",
    "KernelDistance",
    "KernelDistanceValue",
    "Moments",
    "ParzenScore",
    "ParzenWindow",
    "PrecisionRecall",
    "PrecisionRecallValue",
    "Vectors",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "parzen_log_likelihood",
    "parzen_protocol",
    "precision_recall",
    "split_of",
]
