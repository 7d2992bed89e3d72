"""Callbacks that count covered modes, with the protocols of Lin et al. (2018), PacGAN, section 4."""

from abc import abstractmethod
from typing import Any

from pytorch_lightning import LightningModule, Trainer

from callbacks.sample_metric import SampleMetric, Stage, find_datamodule, write_protocols
from lightning_gan.arguments import Positive, SampleCount, Seed, check_arguments
from lightning_gan.evaluation import Score
from lightning_gan.evaluation.modes import score_modes, score_stacked_modes
from lightning_gan.feature_extractors import Classifier
from lightning_gan.metrics.modes import NEAR
from lightning_gan.utils.errors import UserError


class CountedModes(SampleMetric):
    """Base class of callbacks that count modes: logs and stores their scores."""

    @abstractmethod
    def scores(self, trainer: Trainer, pl_module: LightningModule) -> list[Score]:
        """Compute the scores of this evaluation's sample set."""

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Count modes, log and store the scores, and write their protocols."""
        scores = self.results[stage] = self.scores(trainer, pl_module)
        write_protocols(trainer, pl_module, stage, scores)
        values = {f"{stage}/{s.name}": float(s.value) for s in scores}
        values |= {f"{stage}/{s.name}_se": s.sd for s in scores if s.sd is not None}
        pl_module.log_dict(values, sync_dist=True)


class ModeCoverage(CountedModes):
    """Number of covered modes after each validation and at test.

    The data must have the means of their modes (`means`, [modes, *data_shape]) and the standard deviations (`std`,
    [modes]), as Ring and Grid. A sample within `near` standard deviations of the nearest mode is of high quality, and
    one such sample covers the mode (Srivastava et al. 2017, VEEGAN; Lin et al. 2018, PacGAN).

    Logs <stage>/modes, <stage>/high_quality with its _se, and <stage>/reverse_kl, in nats; scores.json holds the
    protocol of each value.

    Args:
        num_samples: Number of samples of the model, 1 to 10,000,000.
        near: Largest distance of a high-quality sample from its mode, in standard deviations, above 0.
        seed: Seed of the noise, the same at every evaluation, 0 to 2^32 - 1.
    """

    whole_sample_set = True

    @check_arguments
    def __init__(
        self, num_samples: SampleCount = 2500, near: Positive = NEAR, seed: Seed = 0
    ) -> None:
        super().__init__(num_samples, seed)
        self.near = near

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check before training that the data have known modes.

        Raises:
            UserError: The data have no `means` or no `std`.
        """
        super().setup(trainer, pl_module, stage)
        data: Any = find_datamodule(trainer, self)
        if not (hasattr(data, "means") and hasattr(data, "std")):
            name = getattr(data, "name", type(data).__name__)
            raise UserError(
                f"ModeCoverage needs data with known modes, such as Ring and Grid, but {name} has none: "
                f"remove it from trainer.callbacks."
            )

    def scores(self, trainer: Trainer, pl_module: LightningModule) -> list[Score]:
        """Compute the share of high-quality samples, the reverse KL and the number of modes."""
        data = find_datamodule(trainer, self)
        sample_set = self.sample_set(trainer, pl_module)
        return score_modes(sample_set, data.name, data.means, data.std, self.near)


class StackedModeCoverage(CountedModes):
    """Number of the 1,000 modes of stacked MNIST that samples show, after each validation and at test.

    A sample has three digits in three channels. The suite's MNIST classifier reads each digit (`python -m
    lightning_gan download --classifier mnist`); the papers used other classifiers, of about 99 % accuracy: Metz et al.
    (2017), Unrolled GAN, section 3.3.1; Srivastava et al. (2017), VEEGAN. Logs <stage>/modes and <stage>/reverse_kl,
    the KL of the shown numbers from uniform, in nats.

    Args:
        num_samples: Number of samples of the model, 1 to 10,000,000: 26,000 in VEEGAN and in PacGAN's Table 2, 25,600
            in Unrolled GAN and in PacGAN's Table 3.
        seed: Seed of the noise, the same at every evaluation, 0 to 2^32 - 1.
        features: Digit classifier; the one stored on this machine if it is None.
    """

    @check_arguments
    def __init__(
        self, num_samples: SampleCount = 26_000, seed: Seed = 0, features: Classifier | None = None
    ) -> None:
        super().__init__(num_samples, seed)
        self.features = features or Classifier("mnist")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check before training that the data are stacked digits and that the classifier exists.

        Raises:
            UserError: The data are not stacked digits.
            WeightsError: There is no classifier.
        """
        super().setup(trainer, pl_module, stage)
        data: Any = find_datamodule(trainer, self)
        if (tuple(data.data_shape), getattr(data, "num_classes", None)) != ((3, 28, 28), 1000):
            raise UserError(
                f"StackedModeCoverage needs three digits in three channels, as in StackedMNIST, but the data are "
                f"{data.name}: remove it from trainer.callbacks."
            )
        self.features.load()

    def scores(self, trainer: Trainer, pl_module: LightningModule) -> list[Score]:
        """Compute the reverse KL and the number of modes."""
        network = self.features.load().to(pl_module.device)
        name = find_datamodule(trainer, self).name
        return score_stacked_modes(self.sample_set(trainer, pl_module), name, network)
