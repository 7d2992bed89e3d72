"""Plot of a run's metrics over training."""

from collections import defaultdict
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.image_logging import find_run_folder_of_trainer, log_image
from lightning_gan.plotting import figures
from lightning_gan.tracking.curve_points import Curve, read_curves
from lightning_gan.tracking.metrics_csv import MetricsLogger


class TrainingCurves(Callback):
    """Callback that plots losses, V(D, G), D's outputs and scores at the end, with the lines -log 4 and 1/2.

    The points are read from metrics.csv, so that memory and checkpoints do not grow with the run. A Trainer without a
    `MetricsLogger` has no such file; its points are held in memory and in checkpoints.
    """

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = defaultdict(list)

    def record(self, trainer: Trainer, prefix: str) -> None:
        """Store the latest values of the keys with a prefix, once per step, if there is no metrics.csv."""
        if has_metrics_logger(trainer):
            return
        step = trainer.global_step
        for key in figures.KEYS:
            curve = self.curves[key]
            if key.startswith(prefix) and key in trainer.callback_metrics:
                if not curve or curve[-1][0] < step:
                    curve.append((step, float(trainer.callback_metrics[key])))

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Store the points in the checkpoint, including this step's, if there is no metrics.csv."""
        self.on_train_batch_start(trainer, pl_module, None, 0)
        if points := {key: list(curve) for key, curve in self.curves.items() if curve}:
            checkpoint["curves"] = points

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the points, if there is no metrics.csv."""
        if not has_metrics_logger(trainer):
            self.curves = defaultdict(list, checkpoint.get("curves", {}))

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Record what the module logged after the previous batch."""
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if trainer.global_step and trainer.global_step % every == 0:
            self.record(trainer, "train/")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the validation metrics."""
        if not trainer.sanity_checking:
            self.record(trainer, "val/")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw all curves, without the training values of an incomplete logging interval."""
        self.on_train_batch_start(trainer, pl_module, None, 0)
        curves = self.read_points(trainer)
        if curves and trainer.is_global_zero:
            logits: Any = getattr(pl_module.loss, "outputs_are_logits", True)
            log_image(trainer, "curves", figures.plot_curves(curves, logits), trainer.global_step)

    def read_points(self, trainer: Trainer) -> dict[str, Curve]:
        """Return the points of the curves by key, from metrics.csv or from memory."""
        if not has_metrics_logger(trainer) or not trainer.is_global_zero:
            return self.curves
        for logger in trainer.loggers:
            logger.save()
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        return {
            key: [p for p in curve if key.startswith("val/") or p[0] % every == 0]
            for key, curve in read_curves(find_run_folder_of_trainer(trainer), figures.KEYS).items()
        }


def has_metrics_logger(trainer: Trainer) -> bool:
    """Return whether the run writes a metrics.csv that a resumed run continues."""
    return isinstance(trainer.logger, MetricsLogger)
