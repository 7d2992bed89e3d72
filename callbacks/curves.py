"""The run's curves as one picture."""

from collections import defaultdict
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.pictures import show
from lightning_gan import plots


class Curves(Callback):
    """Losses, V(D, G), D's answers and scores over steps, drawn at the end with the lines -log 4 and 1/2."""

    def __init__(self) -> None:
        self.curves: dict[str, list[tuple[int, float]]] = defaultdict(list)

    def note(self, trainer: Trainer, prefix: str) -> None:
        """Add the latest values under a prefix, once a step."""
        step = trainer.global_step
        for key, value in trainer.callback_metrics.items():
            curve = self.curves[key] if key.startswith(prefix) else None
            if curve is not None and (not curve or curve[-1][0] < step):
                curve.append((step, float(value)))

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the points so far, that of the step at hand among them."""
        self.on_train_batch_start(trainer, pl_module, None, 0)
        checkpoint["curves"] = {key: list(curve) for key, curve in self.curves.items() if curve}

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Go on drawing; older checkpoints have no points."""
        self.curves = defaultdict(list, checkpoint.get("curves", {}))

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """What the module logged after the batch before."""
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if trainer.global_step and trainer.global_step % every == 0:
            self.note(trainer, "train/")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The held-out values."""
        if not trainer.sanity_checking:
            self.note(trainer, "val/")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw them all; where an interval was begun only, the module's latest values are those of the one before."""
        self.on_train_batch_start(trainer, pl_module, None, 0)
        if self.curves and trainer.is_global_zero:
            logits: Any = getattr(pl_module.loss, "scores_are_logits", True)
            show(trainer, "curves", plots.game(self.curves, logits), trainer.global_step)
