"""What is kept of a run."""

import io
import json
import os
import shutil
from math import inf
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.utilities.rank_zero import rank_zero_warn

from callbacks.pictures import run_folder
from lightning_gan.whole_files import whole


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside in the target's own folder, to the disk, and renames.

    Lightning writes to the system's folder for temporary files and moves from there, which is no single step where
    that is another file system.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write the file, or leave the one that is there.

        Raises:
            OSError: if there is no room; torch's own writer would raise what says nothing of it.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with whole(Path(path)) as beside:
            beside.write_bytes(content.getbuffer())


class Checkpoints(Checkpoint):
    """checkpoints/step=<updates of G>.ckpt and last.ckpt in the run folder.

    Lightning's ModelCheckpoint saves weights that are NaN, and saves a step before its row of the curves is written and
    its validation has ended. This one passes over weights that are not finite, and every file is written beside
    before it is renamed, also those of a ModelCheckpoint of the same run: a file that was whole stays whole.

    A step is saved when all of it is done: its row of the curves is written, and the validation that is due after it
    has ended. Each file says how many rows of metrics.csv and scores.json belong to it, so that a run that goes on
    from it drops later ones, and writes them again.

    Args:
        every_n_steps: updates of G between two saves; the end of a run is always saved.
        keep: how many of the newest to keep; 0 for all. Two, because one that the disk has damaged needs another to
            fall back to.
    """

    def __init__(self, every_n_steps: int = 1000, keep: int = 2) -> None:
        if every_n_steps < 1 or keep < 0:
            raise ValueError(
                f"Checkpoints every {every_n_steps} steps, keep {keep}: want >= 1 and >= 0."
            )
        self.every_n_steps, self.keep = every_n_steps, keep
        self.saved: list[Path] = []
        self.last_step = -1  # known to every process, because saving is a matter of all of them
        self.last_batch = -1
        self.waiting = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Every file that this Trainer saves is written whole."""
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = WholeCheckpoints()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Files of an earlier life of this run count, oldest first; those of steps still to come are the oldest."""
        step = trainer.global_step
        self.last_step, self.last_batch = (
            (step, trainer.fit_loop.total_batch_idx) if step else (-1, -1)
        )
        there = {p: step_of(p) for p in _folder(trainer).glob("step=*.ckpt")}
        self.saved = sorted(there, key=lambda path: (there[path] <= step, there[path]))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save when a step is due, and the last one; after the validation that belongs to it, if there is one."""
        step = trainer.global_step
        regular = step and step % self.every_n_steps == 0 and step != self.last_step
        stops = trainer.should_stop and trainer.fit_loop._can_stop_early
        if regular or self.waiting or stops or step == trainer.max_steps:
            self.waiting = validation_is_due(trainer)
            if not self.waiting:
                self.save(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save what waited for this."""
        if self.waiting:
            self.save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the end of the run."""
        self.save(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Say how much of the run's files belongs to this checkpoint."""
        rows = [logger.settle() for logger in trainer.loggers if hasattr(logger, "settle")]
        scores = run_folder(trainer) / "scores.json"
        entries = json.loads(scores.read_text(encoding="utf-8")) if scores.is_file() else []
        checkpoint["written"] = {"metrics.csv": sum(rows[:1]), "scores.json": len(entries)}

    def save(self, trainer: Trainer) -> None:
        """Write this step's file, once, if every weight is finite; forget old files."""
        module: Any = trainer.lightning_module
        self.waiting = False
        if hasattr(module, "write_due_curves"):
            module.write_due_curves()
        finite = all(bool(p.isfinite().all()) for p in module.parameters())
        now = trainer.global_step, trainer.fit_loop.total_batch_idx
        if trainer.fast_dev_run or now == (self.last_step, self.last_batch) or not finite:  # type: ignore[attr-defined]
            return
        self.last_step, self.last_batch = now
        path = _folder(trainer) / f"step={trainer.global_step}.ckpt"
        try:
            self.write(trainer, path)
        except OSError as error:
            rank_zero_warn(
                f"{path} was not saved ({error.strerror}): training goes on, and older files are whole."
            )

    def write(self, trainer: Trainer, path: Path) -> None:
        """Write a file and give it its two names; drop the oldest."""
        try:
            trainer.save_checkpoint(path, weights_only=False)
        except OSError:
            trainer.strategy.barrier("Trainer.save_checkpoint")  # where the others wait
            raise
        if not trainer.is_global_zero:
            return
        with whole(path.with_name("last.ckpt")) as link:
            try:
                os.link(path, link)
            except OSError:  # a file system without second names
                shutil.copyfile(path, link)
        self.saved = [p for p in self.saved if p != path] + [path]
        if self.keep:
            for old in self.saved[: -self.keep]:
                old.unlink(missing_ok=True)
            self.saved = self.saved[-self.keep :]


def _folder(trainer: Trainer) -> Path:
    return run_folder(trainer) / "checkpoints"


def step_of(path: Path) -> int:
    """The step that a file is named after; -1 for another name."""
    number = path.stem.removeprefix("step=")
    return int(number) if number.isdecimal() else -1


def validation_is_due(trainer: Trainer) -> bool:
    """Whether the settings ask for a validation after this minibatch; the one before a stop is not asked for."""
    loop, every = trainer.fit_loop, trainer.check_val_every_n_epoch
    interval = trainer.val_check_batch
    if not trainer.enable_validation or interval is None:  # None: by the clock
        return False
    if every is not None and (trainer.current_epoch + 1) % every:
        return False
    if interval == inf:
        return bool(trainer.is_last_batch)
    seen = loop.total_batch_idx if every is None else loop.batch_idx
    return (seen + 1) % interval == 0
