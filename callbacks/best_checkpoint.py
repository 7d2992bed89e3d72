"""Checkpoint of the best validation score, with an optional upload to W&B."""

import math
from contextlib import nullcontext
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import WandbLogger

from callbacks.image_logging import find_run_folder_of_trainer
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


class BestCheckpoint(Callback):
    """Callback that saves the networks to checkpoints/best.ckpt when a validation has the best score so far.

    The commands `sample`, `evaluate`, `validate` and `test` read the file. It holds no optimizer state, so training
    resumes from last.ckpt. The validation score selects the file and is therefore optimistic: report the score on
    the test split.

    Args:
        score: Key in metrics.csv, such as val/fid, val/parzen_nats or val/reverse_kl.
        lower_is_better: Whether smaller values are better.
        upload: Whether to upload the file to W&B at the end of the run, as an artifact of type model.

    Raises:
        UserError: If `score` is not a validation key.
    """

    def __init__(self, score: str, lower_is_better: bool = True, upload: bool = False) -> None:
        if not score.startswith("val/"):
            raise UserError(
                f"BestCheckpoint got score {score!r}: give a validation score, such as val/fid."
            )
        self.score, self.lower_is_better, self.upload = score, lower_is_better, upload
        self.value, self.step = math.nan, -1

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the networks if the score is the best so far.

        Raises:
            UserError: If no callback logged the score.
        """
        if trainer.sanity_checking or trainer.state.fn != "fit" or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        if self.score not in trainer.callback_metrics:
            known = ", ".join(k for k in trainer.callback_metrics if k.startswith("val/"))
            raise UserError(
                f"BestCheckpoint found no value of {self.score}; the validation logged {known}: set score to one of "
                f"these."
            )
        value = float(trainer.callback_metrics[self.score])
        better = value < self.value if self.lower_is_better else value > self.value
        if better or (math.isnan(self.value) and not math.isnan(value)):
            self.value, self.step = value, trainer.global_step
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write best.ckpt atomically; all processes must call this."""
        path = find_run_folder_of_trainer(trainer) / "checkpoints" / "best.ckpt"
        with atomic_write(path) if trainer.is_global_zero else nullcontext(path) as target:
            trainer.save_checkpoint(target, weights_only=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the best score and upload the file if `upload` is set."""
        path = find_run_folder_of_trainer(trainer) / "checkpoints" / "best.ckpt"
        if not trainer.is_global_zero or not path.is_file():  # every score may be NaN
            return
        print(f"best     {self.score} {self.value:.4g} at step {self.step}: {path}")
        for logger in trainer.loggers if self.upload else ():
            if isinstance(logger, WandbLogger):
                metadata = {"score": self.score, "value": self.value, "step": self.step}
                _upload(logger, str(path), metadata)

    def state_dict(self) -> dict[str, Any]:
        """Return the best score and its step."""
        return {"value": self.value, "step": self.step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best score and its step."""
        self.value, self.step = state_dict["value"], state_dict["step"]


def _upload(logger: WandbLogger, path: str, metadata: dict[str, Any]) -> None:
    import wandb

    artifact = wandb.Artifact(f"generator-{logger.experiment.id}", type="model", metadata=metadata)
    artifact.add_file(path)
    logger.experiment.log_artifact(artifact, aliases=["best"])
