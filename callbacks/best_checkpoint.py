"""The generator that scored best, kept beside the newest one; on W&B only if asked."""

import math
from contextlib import nullcontext
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import WandbLogger

from callbacks.image_logging import find_run_folder_of_trainer
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


class BestCheckpoint(Callback):
    """checkpoints/best.ckpt: the networks at the validation with the best score so far.

    For `sample`, `evaluate`, `validate` and `test`; optimizers are not in it, so training goes on from last.ckpt. The
    choice is made on validation examples, so that its score there flatters it: judge it on the test split.

    Args:
        score: key of metrics.csv, such as val/fid, val/parzen_nats or val/reverse_kl.
        lower_is_better: whether a small value is a good one.
        upload: whether the end of the run puts the file on W&B, as an artifact of type model.
    """

    def __init__(self, score: str, lower_is_better: bool = True, upload: bool = False) -> None:
        if not score.startswith("val/"):
            raise UserError(
                f"BestCheckpoint by {score!r}: give a score of the validation, such as val/fid."
            )
        self.score, self.lower_is_better, self.upload = score, lower_is_better, upload
        self.value, self.step = math.nan, -1

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep this one, if none before was as good.

        Raises:
            ValueError: if nobody computed the score.
        """
        if trainer.sanity_checking or trainer.state.fn != "fit" or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        if self.score not in trainer.callback_metrics:
            known = ", ".join(k for k in trainer.callback_metrics if k.startswith("val/"))
            raise UserError(
                f"BestCheckpoint looks for {self.score}, but a validation gave {known}: name one of these."
            )
        value = float(trainer.callback_metrics[self.score])
        better = value < self.value if self.lower_is_better else value > self.value
        if better or (math.isnan(self.value) and not math.isnan(value)):
            self.value, self.step = value, trainer.global_step
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the file whole, or leave the one before it; every process takes part."""
        path = find_run_folder_of_trainer(trainer) / "checkpoints" / "best.ckpt"
        with atomic_write(path) if trainer.is_global_zero else nullcontext(path) as place:
            trainer.save_checkpoint(place, weights_only=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say which one it is, and upload it if asked."""
        path = find_run_folder_of_trainer(trainer) / "checkpoints" / "best.ckpt"
        if (
            not trainer.is_global_zero or not path.is_file()
        ):  # a resumed run may not have become better
            return
        print(f"best     {self.score} {self.value:.4g} at step {self.step}: {path}")
        for logger in trainer.loggers if self.upload else ():
            if isinstance(logger, WandbLogger):
                _upload(
                    logger, str(path), {"score": self.score, "value": self.value, "step": self.step}
                )

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return {"value": self.value, "step": self.step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there: a file is written when a better one comes."""
        self.value, self.step = state_dict["value"], state_dict["step"]


def _upload(logger: WandbLogger, path: str, facts: dict[str, Any]) -> None:
    import wandb

    artifact = wandb.Artifact(f"generator-{logger.experiment.id}", type="model", metadata=facts)
    artifact.add_file(path)
    logger.experiment.log_artifact(artifact, aliases=["best"])
