"""Modes covered, where the modes are known: the protocols of Lin et al. (2018), PacGAN, section 4."""

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
    """What both counts of modes share: how their scores are logged and kept."""

    @abstractmethod
    def scores(self, trainer: Trainer, pl_module: LightningModule) -> list[Score]:
        """Of this evaluation's sample set."""

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Count, log, remember and write."""
        scores = self.results[stage] = self.scores(trainer, pl_module)
        write_protocols(trainer, pl_module, stage, scores)
        values = {f"{stage}/{s.name}": float(s.value) for s in scores}
        values |= {f"{stage}/{s.name}_se": s.sd for s in scores if s.sd is not None}
        pl_module.log_dict(values, sync_dist=True)


class ModeCoverage(CountedModes):
    """Counts the modes that samples cover, after each validation and at test.

    For data that say where their modes are (`means`, [modes, *data_shape]) and how wide (`std`, [modes]), such as Ring
    and Grid. A sample is of high quality within three standard deviations of the nearest mode, and a mode is covered
    by one such sample: Srivastava et al. (2017), VEEGAN; Lin et al. (2018), PacGAN.

    Logs <stage>/modes, <stage>/high_quality with its _se, and <stage>/reverse_kl, in nats; scores.json holds each
    value's protocol.

    Args:
        num_samples: of the model, 1 to 10,000,000.
        near: standard deviations within which a sample is of high quality, above 0.
        seed: of the noise, the same at every look, 0 to 2^32 - 1.
    """

    whole_sample_set = True

    @check_arguments
    def __init__(
        self, num_samples: SampleCount = 2500, near: Positive = NEAR, seed: Seed = 0
    ) -> None:
        super().__init__(num_samples, seed)
        self.near = near

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse data without known modes before the work.

        Raises:
            ValueError: if they do not say where their modes are.
        """
        super().setup(trainer, pl_module, stage)
        data: Any = find_datamodule(trainer, self)
        if not (hasattr(data, "means") and hasattr(data, "std")):
            name = getattr(data, "name", type(data).__name__)
            raise UserError(
                f"ModeCoverage counts modes whose places are known, such as those of Ring and Grid; those of {name} "
                f"are not: take it out of trainer.callbacks."
            )

    def scores(self, trainer: Trainer, pl_module: LightningModule) -> list[Score]:
        """Share of high quality, reverse KL, modes."""
        data = find_datamodule(trainer, self)
        sample_set = self.sample_set(trainer, pl_module)
        return score_modes(sample_set, data.name, data.means, data.std, self.near)


class StackedModeCoverage(CountedModes):
    """Counts the numbers, of 1,000, that samples of stacked MNIST show, after each validation and at test.

    A sample is three digits in three channels. Each is read by the suite's own classifier of MNIST
    (`python -m lightning_gan download --classifier mnist`), where the papers had others of about 99 %: Metz et al.
    (2017), Unrolled GAN, section 3.3.1; Srivastava et al. (2017), VEEGAN. Logs <stage>/modes and
    <stage>/reverse_kl, the KL of what was read from uniform, in nats.

    Args:
        num_samples: of the model, 1 to 10,000,000: 26,000 in VEEGAN and in PacGAN's Table 2, 25,600 in Unrolled GAN and
            its Table 3.
        seed: of the noise, the same at every look, 0 to 2^32 - 1.
        features: the classifier; the one stored on this machine if it is not given.
    """

    @check_arguments
    def __init__(
        self, num_samples: SampleCount = 26_000, seed: Seed = 0, features: Classifier | None = None
    ) -> None:
        super().__init__(num_samples, seed)
        self.features = features or Classifier("mnist")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse other data, and a machine without the classifier, before the work.

        Raises:
            ValueError: if the data are not stacked digits.
            WeightsError: if there is no classifier.
        """
        super().setup(trainer, pl_module, stage)
        data: Any = find_datamodule(trainer, self)
        if (tuple(data.data_shape), getattr(data, "num_classes", None)) != ((3, 28, 28), 1000):
            raise UserError(
                f"StackedModeCoverage reads three digits in three channels, as StackedMNIST has them; {data.name} "
                f"has not: take it out of trainer.callbacks."
            )
        self.features.load()

    def scores(self, trainer: Trainer, pl_module: LightningModule) -> list[Score]:
        """KL, modes."""
        network = self.features.load().to(pl_module.device)
        name = find_datamodule(trainer, self).name
        return score_stacked_modes(self.sample_set(trainer, pl_module), name, network)
