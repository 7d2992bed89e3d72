"""Logging of training metrics: rows for the loggers, and values for callbacks that monitor a key."""

import torch
from torch import Tensor

from lightning_gan.models.validation import ValidationMixin
from lightning_gan.training.statistics import TrainingStatistics


class MetricLoggingMixin(ValidationMixin):
    """LightningModule that logs the statistics of its updates as means over the interval since the last row."""

    statistics: TrainingStatistics
    images_seen: int
    m: int
    """Real examples in the latest minibatch, on all devices together."""

    def write_due_curves(self) -> None:
        """Log this step's row if it is due and not logged yet; checkpoints call this before they save."""
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if self.statistics.g_losses and self.g_updates % every == 0:
            self.log_dict(self.write_curves(), logger=False)

    def on_train_end(self) -> None:
        """Log the updates since the last row."""
        if self.statistics.g_losses:
            self.write_curves()

    def write_curves(self) -> dict[str, float]:
        """Send the means over the last interval to the loggers and start a new interval.

        Returns:
            The value of each key.
        """
        curves = self._curves(self.statistics.compute_and_reset(self.g_updates))
        for logger in self.loggers:
            logger.log_metrics(curves, step=self.g_updates)
            logger.save()
        return curves

    def read_curves(self) -> dict[str, Tensor]:
        """Compute the means over the current interval without logging a row.

        Returns:
            The value of each key as a scalar tensor; empty if G was not updated since the last row.
        """
        if not self.statistics.g_losses:
            return {}
        return {
            key: torch.tensor(value)
            for key, value in self._curves(self.statistics.compute()).items()
        }

    def _curves(self, means: dict[str, Tensor]) -> dict[str, float]:
        """Average over the devices, and add the learning rates, the batch size and the number of images."""
        stacked = self.trainer.strategy.reduce(torch.stack(list(means.values())), reduce_op="mean")
        curves: dict[str, float] = dict(zip(means, stacked.tolist(), strict=True))
        curves |= {"progress/images_seen": self.images_seen, "progress/batch_size": self.m}
        for network, scheduler in zip("dg", self.lr_schedulers(), strict=True):  # type: ignore[arg-type]
            curves[f"lr/{network}"] = float(scheduler.get_last_lr()[0])
        return curves
