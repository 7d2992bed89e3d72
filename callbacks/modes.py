"""Modes covered, where the modes are known: the protocol of Lin et al. (2018), PacGAN, section 4."""

from typing import Any

from pytorch_lightning import LightningModule, Trainer

from callbacks.scoring import SampleScore, Stage, datamodule, keep_cards
from lightning_gan.evaluation.modes import mode_scores
from lightning_gan.metrics.modes import NEAR


class ModeCoverage(SampleScore):
    """Counts the modes that samples cover, after each validation and at test.

    For data that say where their modes are (`means`, [modes, *data_shape]) and how wide (`std`, [modes]), such as Ring
    and Grid. A sample is of high quality within three standard deviations of the nearest mode, and a mode is covered
    by one such sample: Srivastava et al. (2017), VEEGAN; Lin et al. (2018), PacGAN.

    Logs <stage>/modes, <stage>/high_quality with its _se, and <stage>/reverse_kl, in nats; scores.json holds each
    value's protocol card.

    Args:
        num_samples: of the model.
        near: standard deviations within which a sample is of high quality.
        seed: of the noise, the same at every look.
    """

    whole_bank = True

    def __init__(self, num_samples: int = 2500, near: float = NEAR, seed: int = 0) -> None:
        super().__init__(num_samples, seed)
        if not near > 0:
            raise ValueError(
                f"ModeCoverage within {near} standard deviations: give a number above 0."
            )
        self.near = near

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse data without known modes before the work.

        Raises:
            ValueError: if they do not say where their modes are.
        """
        data: Any = datamodule(trainer, self)
        if not (hasattr(data, "means") and hasattr(data, "std")):
            name = getattr(data, "name", type(data).__name__)
            raise ValueError(
                f"ModeCoverage counts modes whose places are known, such as those of Ring and Grid; those of {name} "
                f"are not: take it out of trainer.callbacks."
            )

    def look(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Count, log, remember and write."""
        data = datamodule(trainer, self)
        bank = self.bank(trainer, pl_module)
        scores = mode_scores(bank, data.name, data.means, data.std, self.near)
        self.results[stage] = scores
        keep_cards(trainer, pl_module, stage, scores)
        values = {f"{stage}/{s.name}": float(s.value) for s in scores}
        values |= {f"{stage}/{s.name}_se": s.sd for s in scores if s.sd is not None}
        pl_module.log_dict(values, sync_dist=True)
