"""What can be asked of vectors: each measure knows its metric, what to feed it, and the names of its scores."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

from torch import Tensor
from torchmetrics import Metric

from lightning_gan.arguments import Count, CountFromTwo, Seed, check_arguments
from lightning_gan.feature_extractors import Features
from lightning_gan.metrics import (
    FrechetDistance,
    GaussianStatistics,
    InceptionScoreMetric,
    KernelDistance,
    PrecisionRecallMetric,
)
from lightning_gan.utils.errors import UserError


class ReferenceFeatures(NamedTuple):
    """What a measure may rest on.

    Attributes:
        n: images in the sample set.
        classes: logits of the feature network; none where its weights have no last layer.
        gaussian: mean and covariance of the real vectors, where some measure asked for them.
        vectors: of the real images, [n_real, dim], where some measure asked for them.
    """

    n: int
    classes: int | None
    gaussian: GaussianStatistics | None
    vectors: Tensor | None


Values = dict[str, tuple[float, float | None]]


@dataclass(frozen=True)
class FeatureMetric(ABC):
    """One question to a sample set's vectors; frozen settings."""

    title: ClassVar[str]
    """The metric's name, for the protocol."""
    names: ClassVar[tuple[str, ...]]
    """Of its scores, before the suffix of the feature space."""
    error: ClassVar[str]
    """What its ± is, for the protocol."""
    uses_real: ClassVar[bool] = True
    uses_vectors: ClassVar[bool] = False
    """Whether it needs every real vector, rather than their mean and covariance."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the formula needs, for the protocol."""
        return asdict(self)

    @abstractmethod
    def metric(self, ground: ReferenceFeatures) -> Metric:
        """A fresh metric.

        Raises:
            ValueError: if the weights cannot answer, or the images are too few.
        """

    @abstractmethod
    def feed(self, metric: Metric, features: Features, index: Tensor) -> None:
        """Give it some of the sample set, with its places."""

    @abstractmethod
    def values(self, metric: Metric) -> Values:
        """Each score with its ±, over all processes."""


@dataclass(frozen=True)
class FIDMetric(FeatureMetric):
    """FID of Heusel et al. (2017), eq. 6: distance of two Gaussians in feature space; 0 or more, lower is better."""

    title = "Fréchet distance"
    names = ("fid",)
    error = "unknown for one sample set"

    def metric(self, ground: ReferenceFeatures) -> Metric:
        """Streaming moments."""
        assert ground.gaussian is not None
        return FrechetDistance(ground.gaussian)

    def feed(self, metric: Metric, features: Features, index: Tensor) -> None:
        """Vectors; the order does not matter."""
        metric.update(features.vectors)

    def values(self, metric: Metric) -> Values:
        """One number."""
        return {"fid": (float(metric.compute()), None)}


@check_arguments
@dataclass(frozen=True)
class InceptionScoreFeatureMetric(FeatureMetric):
    """Inception Score of Salimans et al. (2016): exp E KL(p(y|x) || p(y)); from 1 up, higher is better.

    Args:
        splits: number of splits over which mean and sd are taken, at least 1.
        rng: seed of the shuffle before the split, 0 to 2^32 - 1.
    """

    splits: Count = 10
    rng: Seed = 2020

    title = "Inception Score"
    names = ("is",)
    error = "sd over splits"
    uses_real = False

    def metric(self, ground: ReferenceFeatures) -> Metric:
        """Streaming sums of each split."""
        if ground.classes is None:
            raise UserError(
                "the weights have no last layer, so there are no class probabilities: give weights with fc.weight"
            )
        return InceptionScoreMetric(ground.classes, ground.n, self.splits, self.rng)

    def feed(self, metric: Metric, features: Features, index: Tensor) -> None:
        """Logits, and the places that say in which split they fall."""
        metric.update(features.logits, index)

    def values(self, metric: Metric) -> Values:
        """Mean and standard deviation over the splits."""
        value = metric.compute()
        return {"is": (float(value.mean), float(value.sd))}


@check_arguments
@dataclass(frozen=True)
class KIDMetric(FeatureMetric):
    """KID of Bińkowski et al. (2018): unbiased squared MMD under a cubic kernel; about 0 or more, lower is better.

    Args:
        subsets: number of subsets over which mean and sd are taken, at least 1.
        subset_size: number of vectors of each side in a subset, at least 2.
        rng: seed of the draw of subsets, 0 to 2^32 - 1.
    """

    subsets: Count = 100
    subset_size: CountFromTwo = 1000
    rng: Seed = 2020

    title = "Kernel distance"
    names = ("kid",)
    error = "sd over subsets"
    uses_vectors = True

    def metric(self, ground: ReferenceFeatures) -> Metric:
        """Keeps the vectors."""
        assert ground.vectors is not None
        return KernelDistance(ground.vectors, self.subsets, self.subset_size, self.rng)

    def feed(self, metric: Metric, features: Features, index: Tensor) -> None:
        """Vectors in their places."""
        metric.update(features.vectors, index)

    def values(self, metric: Metric) -> Values:
        """Mean and standard deviation over the subsets."""
        value = metric.compute()
        return {"kid": (float(value.mean), float(value.sd))}


@check_arguments
@dataclass(frozen=True)
class PrecisionRecallFeatureMetric(FeatureMetric):
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020); higher is better.

    Args:
        k: number of neighbours that span a ball, for precision and recall, at least 1.
        k_density: number of neighbours that span a ball, for density and coverage, at least 1.
    """

    k: Count = 3
    k_density: Count = 5

    title = "Nearest neighbours"
    names = ("precision", "recall", "f_score", "density", "coverage")
    error = "unknown for one sample set"
    uses_vectors = True

    def metric(self, ground: ReferenceFeatures) -> Metric:
        """Keeps the vectors."""
        assert ground.vectors is not None
        return PrecisionRecallMetric(ground.vectors, self.k, self.k_density)

    def feed(self, metric: Metric, features: Features, index: Tensor) -> None:
        """Vectors in their places."""
        metric.update(features.vectors, index)

    def values(self, metric: Metric) -> Values:
        """Five numbers."""
        value = metric.compute()
        return {name: (float(getattr(value, name)), None) for name in self.names}
