"""Metrics of feature vectors: settings, score names, and the `torchmetrics.Metric` that computes each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

from torch import Tensor
from torchmetrics import Metric

from lightning_gan.arguments import Count, CountFromTwo, Seed, check_arguments
from lightning_gan.feature_extractors import Features
from lightning_gan.metrics import (
    AccumulatedInceptionScore,
    AccumulatedPrecisionRecall,
    FrechetDistance,
    GaussianStatistics,
    KernelDistance,
)
from lightning_gan.utils.errors import UserError


class ReferenceFeatures(NamedTuple):
    """Features of the real images, and the sizes that a metric needs.

    Attributes:
        n: Number of images in the sample set.
        classes: Number of logits of the feature extractor; None if its weights have no last layer.
        gaussian: Mean and covariance of the real vectors; None if no metric uses the real images.
        vectors: Vectors of the real images, [n_real, dim]; None if no metric uses them.
    """

    n: int
    classes: int | None
    gaussian: GaussianStatistics | None
    vectors: Tensor | None


Values = dict[str, tuple[float, float | None]]


@dataclass(frozen=True)
class FeatureMetric(ABC):
    """Settings of a metric that compares sample sets in a feature space.

    A subclass is a frozen dataclass whose fields are the settings. The callback `FeatureScore` takes any metric;
    `evaluate` takes those in `lightning_gan.tracking.metric_keys.FEATURE_METRICS`.
    """

    title: ClassVar[str]
    """Name of the metric in protocols."""
    names: ClassVar[tuple[str, ...]]
    """Names of its scores, without the suffix of the feature space."""
    error: ClassVar[str]
    """Meaning of the value after ±, for protocols."""
    uses_real: ClassVar[bool] = True
    """Whether the metric compares with real images."""
    uses_vectors: ClassVar[bool] = False
    """Whether it needs all real vectors, not only their mean and covariance."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings of the formula, for protocols."""
        return asdict(self)

    @abstractmethod
    def make_metric(self, reference: ReferenceFeatures) -> Metric:
        """Make a metric without samples.

        Args:
            reference: Features of the real images.

        Raises:
            UserError: The weights or the number of images do not suffice for this metric.
        """

    @abstractmethod
    def update(self, metric: Metric, features: Features, indices: Tensor) -> None:
        """Update the metric with a batch of the sample set.

        Args:
            metric: Metric that `make_metric` made.
            features: Features of the batch.
            indices: Indices of the batch in the sample set, [m].
        """

    @abstractmethod
    def compute(self, metric: Metric) -> Values:
        """Compute each score and its ±, over all processes; None where there is no ±."""


@dataclass(frozen=True)
class FIDMetric(FeatureMetric):
    """Fréchet distance of two Gaussians (Heusel et al. 2017, eq. 6): 0 or more, lower is better."""

    title = "Fréchet distance"
    names = ("fid",)
    error = "unknown for one sample set"

    def make_metric(self, reference: ReferenceFeatures) -> Metric:
        """Make a metric that accumulates mean and covariance."""
        assert reference.gaussian is not None
        return FrechetDistance(reference.gaussian)

    def update(self, metric: Metric, features: Features, indices: Tensor) -> None:
        """Add vectors; their order does not matter."""
        metric.update(features.vectors)

    def compute(self, metric: Metric) -> Values:
        """Compute the distance."""
        return {"fid": (float(metric.compute()), None)}


@check_arguments
@dataclass(frozen=True)
class InceptionScoreMetric(FeatureMetric):
    """Inception Score (Salimans et al. 2016), exp E KL(p(y|x) || p(y)): 1 or more, higher is better.

    Args:
        splits: Number of splits for the mean and the standard deviation, at least 1.
        rng: Seed of the shuffle before the split, 0 to 2^32 - 1.
    """

    splits: Count = 10
    rng: Seed = 2020

    title = "Inception Score"
    names = ("is",)
    error = "sd over splits"
    uses_real = False

    def make_metric(self, reference: ReferenceFeatures) -> Metric:
        """Make a metric that accumulates the sums of each split."""
        if reference.classes is None:
            raise UserError(
                "the weights have no last layer, so there are no class probabilities: give weights with fc.weight"
            )
        return AccumulatedInceptionScore(reference.classes, reference.n, self.splits, self.rng)

    def update(self, metric: Metric, features: Features, indices: Tensor) -> None:
        """Add logits; their indices decide the split."""
        metric.update(features.logits, indices)

    def compute(self, metric: Metric) -> Values:
        """Compute mean and standard deviation over the splits."""
        value = metric.compute()
        return {"is": (float(value.mean), float(value.sd))}


@check_arguments
@dataclass(frozen=True)
class KIDMetric(FeatureMetric):
    """Kernel distance (Bińkowski et al. 2018), an unbiased squared MMD with a cubic kernel: lower is better.

    The expected value is 0 or more; an estimate may be slightly negative.

    Args:
        subsets: Number of subsets for the mean and the standard deviation, at least 1.
        subset_size: Number of vectors of each side in a subset, at least 2.
        rng: Seed of the draw of subsets, 0 to 2^32 - 1.
    """

    subsets: Count = 100
    subset_size: CountFromTwo = 1000
    rng: Seed = 2020

    title = "Kernel distance"
    names = ("kid",)
    error = "sd over subsets"
    uses_vectors = True

    def make_metric(self, reference: ReferenceFeatures) -> Metric:
        """Make a metric that stores all vectors."""
        assert reference.vectors is not None
        return KernelDistance(reference.vectors, self.subsets, self.subset_size, self.rng)

    def update(self, metric: Metric, features: Features, indices: Tensor) -> None:
        """Add vectors with their indices."""
        metric.update(features.vectors, indices)

    def compute(self, metric: Metric) -> Values:
        """Compute mean and standard deviation over the subsets."""
        value = metric.compute()
        return {"kid": (float(value.mean), float(value.sd))}


@check_arguments
@dataclass(frozen=True)
class PrecisionRecallMetric(FeatureMetric):
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020); higher is better.

    Args:
        k: Number of neighbours that span a ball, for precision and recall, at least 1.
        k_density: Number of neighbours that span a ball, for density and coverage, at least 1.
    """

    k: Count = 3
    k_density: Count = 5

    title = "Nearest neighbours"
    names = ("precision", "recall", "f_score", "density", "coverage")
    error = "unknown for one sample set"
    uses_vectors = True

    def make_metric(self, reference: ReferenceFeatures) -> Metric:
        """Make a metric that stores all vectors."""
        assert reference.vectors is not None
        return AccumulatedPrecisionRecall(reference.vectors, self.k, self.k_density)

    def update(self, metric: Metric, features: Features, indices: Tensor) -> None:
        """Add vectors with their indices."""
        metric.update(features.vectors, indices)

    def compute(self, metric: Metric) -> Values:
        """Compute the five scores."""
        value = metric.compute()
        return {name: (float(getattr(value, name)), None) for name in self.names}
