"""What is kept of a run."""

import os
from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.utilities.rank_zero import rank_zero_warn

from callbacks.pictures import run_folder


class Checkpoints(Checkpoint):
    """checkpoints/step=<updates of G>.ckpt and last.ckpt in the run folder.

    Lightning's ModelCheckpoint counts D's steps too, saves weights that are NaN, and leaves a torn file under its
    final name when the disk is full. This one saves at steps of the game, passes over weights that are not
    finite, and writes beside before it renames: a file that was whole stays whole.

    Args:
        every_n_steps: updates of G between two saves; the end of a run is always saved.
        keep: how many of the newest to keep; 0 for all.
    """

    def __init__(self, every_n_steps: int = 1000, keep: int = 1) -> None:
        if every_n_steps < 1 or keep < 0:
            raise ValueError(
                f"Checkpoints every {every_n_steps} steps, keep {keep}: want >= 1 and >= 0."
            )
        self.every_n_steps, self.keep = every_n_steps, keep
        self.saved: list[Path] = []
        self.last_step = -1  # known to every process, because saving is a matter of all of them

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save when a step is due."""
        if trainer.global_step and trainer.global_step % self.every_n_steps == 0:
            self.save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the end of the run."""
        self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write this step's file, once, if every weight is finite; forget old files."""
        path = run_folder(trainer) / "checkpoints" / f"step={trainer.global_step}.ckpt"
        finite = all(bool(p.isfinite().all()) for p in trainer.lightning_module.parameters())
        done = trainer.global_step == self.last_step
        if trainer.fast_dev_run or done or not finite:  # type: ignore[attr-defined]
            return
        self.last_step = trainer.global_step
        beside = path.with_suffix(".tmp")
        try:
            trainer.save_checkpoint(beside, weights_only=False)
            if trainer.is_global_zero:
                self.publish(beside, path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            rank_zero_warn(
                f"{path} was not saved ({error.strerror}): training goes on, and older files are whole."
            )

    def publish(self, beside: Path, path: Path) -> None:
        """Give a whole file its two names; drop the oldest."""
        last = path.with_name("last.ckpt")
        link = path.with_name("last.tmp")
        link.unlink(missing_ok=True)
        os.replace(beside, path)
        os.link(path, link)
        os.replace(link, last)
        self.saved.append(path)
        if self.keep:
            for old in self.saved[: -self.keep]:
                old.unlink(missing_ok=True)
            self.saved = self.saved[-self.keep :]
