"""Base class of metrics in a feature space: logs the cost on a CPU, and the bias of few real images."""

from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_info
from pytorch_lightning.utilities.seed import isolate_rng

from callbacks.image_logging import read_uint8_images
from callbacks.sample_metric import SampleMetric, Stage, find_datamodule
from lightning_gan.arguments import Count, SampleCount, Seed, check_arguments
from lightning_gan.evaluation import FeatureMetric, FIDMetric, ReferenceImages, default_extractor
from lightning_gan.evaluation.cost import (
    describe_evaluation_cost,
    describe_small_sample_effect,
    estimate_images_per_second,
)
from lightning_gan.feature_extractors import (
    DINOv2,
    FeatureExtractorConfig,
    InceptionConfig,
    WeightsError,
)

LARGE = (InceptionConfig, DINOv2)  # feature extractors that take minutes on a CPU


class CostReportingMetric(SampleMetric):
    """Metric in a feature space that logs its cost on this machine before the first evaluation.

    Args:
        metric: Metric to compute.
        num_samples: Number of samples, 1 to 10,000,000.
        num_real: Number of real images, at least 1; the whole split if it is None.
        features: Feature extractor; the default one for the images if it is None.
        seed: Seed of the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self,
        metric: FeatureMetric,
        num_samples: SampleCount,
        num_real: Count | None,
        features: FeatureExtractorConfig | None,
        seed: Seed,
    ) -> None:
        super().__init__(num_samples, seed)
        self.metric, self.num_real, self.features = metric, num_real, features
        self._logged: set[str] = set()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the cost of a validation before training."""
        if trainer.enable_validation:
            self.log_cost(trainer, pl_module, "val")

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the cost before the command `validate` scores."""
        if trainer.state.fn == "validate":
            self.log_cost(trainer, pl_module, "val")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the cost before a test, unless it was logged before a validation."""
        if not self._logged:
            self.log_cost(trainer, pl_module, "test")

    def log_cost(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Log the cost of an evaluation on a CPU and the bias of few images, once for a shared pass.

        Only large feature extractors are measured, and only rank 0 logs.
        """
        sharing = [c for c in trainer.callbacks if self.shares_pass(c)]  # type: ignore[attr-defined]
        if sharing[0] is not self or not trainer.is_global_zero:
            return
        real = make_reference_images(find_datamodule(trainer, self), stage)
        available, shape = len(real.uint8_images), tuple(real.uint8_images.shape[1:])
        n_real = min(self.num_real or available, available)
        space = self.features or default_extractor(shape, real.name)
        if not isinstance(space, LARGE):
            return
        try:
            with isolate_rng():
                network = space.load().to(pl_module.device)
        except WeightsError:  # the evaluation reports it
            return
        if any(isinstance(c.metric, FIDMetric) for c in sharing):
            line = describe_small_sample_effect(n_real, self.num_samples, network.dim, stage)
            self.log_line(line)
        if pl_module.device.type == "cpu":
            speed = estimate_images_per_second(network, shape)
            self.log_line(describe_evaluation_cost(network.name, self.num_samples, n_real, speed))

    def shares_pass(self, other: Any) -> bool:
        """Whether another callback scores the same images in the same feature space."""
        return isinstance(other, CostReportingMetric) and other._pass_key == self._pass_key

    @property
    def _pass_key(self) -> tuple[Any, ...]:
        return (*self._sample_set_key, self.num_real, self.features)

    def log_line(self, line: str) -> None:
        """Log a line on rank 0, once a run."""
        if line and line not in self._logged:
            self._logged.add(line)
            rank_zero_info(line)


def make_reference_images(data: Any, split: str) -> ReferenceImages:
    """Return the images of a split of a data module, as bytes."""
    name = getattr(data, "name", None) or type(data).__name__
    return ReferenceImages(name, split, read_uint8_images(data, split))
