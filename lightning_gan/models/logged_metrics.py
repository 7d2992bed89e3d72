"""The curves of training: rows for the loggers, and values for callbacks that monitor them."""

import torch
from torch import Tensor

from lightning_gan.models.validation import ValidationMixin
from lightning_gan.training.statistics import TrainingStatistics


class MetricLoggingMixin(ValidationMixin):
    """Two networks whose record of updates is written to the loggers, as means over the interval since the last row."""

    statistics: TrainingStatistics
    images_seen: int
    m: int
    """Examples in the minibatch at hand, of all devices."""

    def write_due_curves(self) -> None:
        """Write this step's row, unless it is not due, or written already: a checkpoint asks for it first."""
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if self.statistics.g_losses and self.g_updates % every == 0:
            self.log_dict(self.write_curves(), logger=False)

    def on_train_end(self) -> None:
        """Write what is left of the last interval."""
        if self.statistics.g_losses:
            self.write_curves()

    def write_curves(self) -> dict[str, float]:
        """Send the means of the last interval to the loggers, at this step."""
        curves = self._curves(self.statistics.read(self.g_updates))
        for logger in self.loggers:
            logger.log_metrics(curves, step=self.g_updates)
            logger.save()
        return curves

    def read_curves(self) -> dict[str, Tensor]:
        """Compute the curves of the interval that has begun, without a row for them.

        Returns:
            The value of each key as a scalar tensor, for callbacks that monitor it; empty if G has not moved since the
            last row.
        """
        if not self.statistics.g_losses:
            return {}
        return {
            key: torch.tensor(value) for key, value in self._curves(self.statistics.means()).items()
        }

    def _curves(self, means: dict[str, Tensor]) -> dict[str, float]:
        """All devices' means, and beside them the learning rates and how much was seen."""
        stacked = self.trainer.strategy.reduce(torch.stack(list(means.values())), reduce_op="mean")
        curves: dict[str, float] = dict(zip(means, stacked.tolist(), strict=True))
        curves |= {"progress/images_seen": self.images_seen, "progress/batch_size": self.m}
        for network, scheduler in zip("dg", self.lr_schedulers(), strict=True):  # type: ignore[arg-type]
            curves[f"lr/{network}"] = float(scheduler.get_last_lr()[0])
        return curves
