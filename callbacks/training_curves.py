"""The run's curves as one image."""

from collections import defaultdict
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.image_logging import find_run_folder_of_trainer, log_image
from lightning_gan.plotting import figures
from lightning_gan.tracking.curve_points import Curve, read_curves
from lightning_gan.tracking.metrics_csv import MetricsLogger


class TrainingCurves(Callback):
    """Losses, V(D, G), D's answers and scores over steps, drawn at the end with the lines -log 4 and 1/2.

    The points are read from metrics.csv, so that neither memory nor checkpoints grow with the run. A Trainer without a
    `MetricsLogger` has no such file: there the points are kept in memory and in the checkpoints.
    """

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = defaultdict(list)

    def note(self, trainer: Trainer, prefix: str) -> None:
        """Add the latest values under a prefix, once a step, if no file has them."""
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
        """Keep the points that no file has, that of the step at hand among them."""
        self.on_train_batch_start(trainer, pl_module, None, 0)
        if points := {key: list(curve) for key, curve in self.curves.items() if curve}:
            checkpoint["curves"] = points

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Go on drawing, if no file has the points."""
        if not has_metrics_logger(trainer):
            self.curves = defaultdict(list, checkpoint.get("curves", {}))

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Note what the module logged after the batch before."""
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if trainer.global_step and trainer.global_step % every == 0:
            self.note(trainer, "train/")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the held-out values."""
        if not trainer.sanity_checking:
            self.note(trainer, "val/")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw all curves but for the training values of an interval that has only begun."""
        self.on_train_batch_start(trainer, pl_module, None, 0)
        curves = self.points(trainer)
        if curves and trainer.is_global_zero:
            logits: Any = getattr(pl_module.loss, "outputs_are_logits", True)
            log_image(trainer, "curves", figures.plot_curves(curves, logits), trainer.global_step)

    def points(self, trainer: Trainer) -> dict[str, Curve]:
        """Read the points of the image's curves: from metrics.csv, or those that were noted."""
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
    """Whether the run folder has a metrics.csv that a resumed run goes on with."""
    return isinstance(trainer.logger, MetricsLogger)
