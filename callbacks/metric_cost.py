"""What FID and its kin cost on a CPU, and what few real images mean, stated before the first score."""

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

LARGE = (InceptionConfig, DINOv2)  # feature networks that take minutes on a CPU


class StatesCost(SampleMetric):
    """A score in a feature space that states its cost on this machine before it is computed.

    Args:
        measure: score to compute.
        num_samples: number of samples, 1 to 10,000,000.
        num_real: number of real images, at least 1; all of the split if it is not given.
        features: feature space; the natural one of the images if it is not given.
        seed: seed of the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self,
        measure: FeatureMetric,
        num_samples: SampleCount,
        num_real: Count | None,
        features: FeatureExtractorConfig | None,
        seed: Seed,
    ) -> None:
        super().__init__(num_samples, seed)
        self.measure, self.num_real, self.features = measure, num_real, features
        self._said: set[str] = set()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """State before training what a validation will cost, and what few real images mean."""
        if trainer.enable_validation:
            self.announce(trainer, pl_module, "val")

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """State it before the command `validate` scores."""
        if trainer.state.fn == "validate":
            self.announce(trainer, pl_module, "val")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """State it before the command `test` scores, or a fit that had no validation."""
        if not self._said:
            self.announce(trainer, pl_module, "test")

    def announce(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """State the cost of a look on a CPU, and the bias of few images; the first process, once for a shared pass."""
        sharing = [c for c in trainer.callbacks if self.shares_pass(c)]  # type: ignore[attr-defined]
        if sharing[0] is not self or not trainer.is_global_zero:
            return
        real = make_reference_images(find_datamodule(trainer, self), stage)
        there, shape = len(real.uint8_images), tuple(real.uint8_images.shape[1:])
        n_real = min(self.num_real or there, there)
        space = self.features or default_extractor(shape, real.name)
        if not isinstance(space, LARGE):
            return
        try:
            with isolate_rng():
                network = space.load().to(pl_module.device)
        except WeightsError:  # which scoring reports
            return
        if any(isinstance(c.measure, FIDMetric) for c in sharing):
            self.say(describe_small_sample_effect(n_real, self.num_samples, network.dim, stage))
        if pl_module.device.type == "cpu":
            speed = estimate_images_per_second(network, shape)
            self.say(describe_evaluation_cost(network.name, self.num_samples, n_real, speed))

    def shares_pass(self, other: Any) -> bool:
        """Whether another callback asks the same images in the same space."""
        return isinstance(other, StatesCost) and other._asked == self._asked

    @property
    def _asked(self) -> tuple[Any, ...]:
        return (*self._wanted, self.num_real, self.features)

    def say(self, line: str) -> None:
        """Print a line on the first process, once a run."""
        if line and line not in self._said:
            self._said.add(line)
            rank_zero_info(line)


def make_reference_images(data: Any, split: str) -> ReferenceImages:
    """Return the images of a split of a data module, as bytes."""
    name = getattr(data, "name", None) or type(data).__name__
    return ReferenceImages(name, split, read_uint8_images(data, split))
