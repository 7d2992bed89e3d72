"""What is kept of a run."""

import os
import shutil
from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.utilities.rank_zero import rank_zero_warn

from callbacks.checkpoint_io import AtomicCheckpointIO
from callbacks.image_logging import find_run_folder_of_trainer
from callbacks.validation_schedule import validate_first, validation_is_due
from lightning_gan.arguments import Count, CountOrZero, check_arguments
from lightning_gan.distributed import failures
from lightning_gan.tracking.scores_json import count_scores
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.interrupts import EvaluationInterrupted


class Checkpoints(Checkpoint):
    """checkpoints/step=<updates of G>.ckpt and last.ckpt in the run folder.

    Lightning's ModelCheckpoint saves weights that are NaN, and saves a step before its row of the curves is written and
    its validation has ended. This one passes over weights that are not finite, and every file is written beside
    before it is renamed, also those of a ModelCheckpoint of the same run: a file that was whole stays whole.

    A step is saved as soon as its row of the curves is written, before the validation that follows it. That file says
    that the validation is still due: a run that is resumed from it begins with the validation. When the validation has
    ended the file is written again, with the new state of the callbacks. A signal during a validation saves the step
    that is validated, whether or not a save was due. Each file says how many rows of metrics.csv and scores.json
    belong to it, so that a run that goes on from it drops later ones, and writes them again.

    Args:
        every_n_steps: updates of G between two saves, at least 1; the end of a run is always saved.
        keep: how many of the newest to keep, at least 0; 0 for all. Two, because one that the disk has damaged
            needs another to fall back to.
    """

    @check_arguments
    def __init__(self, every_n_steps: Count = 1000, keep: CountOrZero = 2) -> None:
        self.every_n_steps, self.keep = every_n_steps, keep
        self.saved: list[Path] = []
        self.last_step = -1  # known to every process, because saving is a matter of all of them
        self.last_batch = -1
        self.on_disk = (
            -1,
            -1,
        )  # place of the newest file that was written; known to the first process
        self.waiting = False  # a save is due, and a validation comes first
        self.before_validation: dict[
            str, Any
        ] = {}  # the run's state when the validation at hand began
        self.resumed_before_validation: dict[str, float] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Every file that this Trainer saves is written whole."""
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = AtomicCheckpointIO()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Files of an earlier life of this run count, oldest first; those of steps still to come are the oldest."""
        step = trainer.global_step
        self.last_step, self.last_batch = (
            (step, trainer.fit_loop.total_batch_idx) if step else (-1, -1)
        )
        self.on_disk = (self.last_step, self.last_batch)
        there = {p: read_step(p) for p in _folder(trainer).glob("step=*.ckpt")}
        self.saved = sorted(there, key=lambda path: (there[path] <= step, there[path]))
        if self.resumed_before_validation is not None:
            metrics, self.resumed_before_validation = self.resumed_before_validation, None
            self.waiting = True  # the step is saved again after it
            validate_first(trainer, metrics)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save when a step is due, and the last one; the hook below does it where a validation follows."""
        step = trainer.global_step
        regular = step and step % self.every_n_steps == 0 and step != self.last_step
        stops = trainer.should_stop and trainer.fit_loop._can_stop_early
        if regular or self.waiting or stops or step == trainer.max_steps:
            self.waiting = validation_is_due(trainer)
            if not self.waiting:
                self.save(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the run's state as it is before the validation, and write it to the disk if a save is due."""
        if trainer.sanity_checking or trainer.state.fn != "fit" or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        if hasattr(pl_module, "write_due_curves"):
            pl_module.write_due_curves()  # type: ignore[operator]
        monitored = {
            key: float(value)
            for key, value in trainer.callback_metrics.items()
            if key.startswith("train/")
        }
        state = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
        self.before_validation = state | {"validation_due": monitored}
        if self.waiting or self.was_tried(trainer):
            self.waiting, self.last_step = True, -1
            self.save(trainer, self.before_validation)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file of this step again: its validation has been done."""
        self.before_validation = {}
        if self.waiting:
            self.waiting, self.last_step = False, -1
            self.save(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save the step whose validation a signal has ended."""
        if isinstance(exception, EvaluationInterrupted) or failures.find_peer_signal(exception):
            self.save_before_validation(trainer)
        self.before_validation = {}

    def save_before_validation(self, trainer: Trainer) -> None:
        """Write the state before the validation at hand, unless it is on the disk; processes do not meet for it."""
        state, self.before_validation = self.before_validation, {}
        if state and not self.is_saved(trainer):
            self.last_step = -1
            self.save(trainer, state)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember whether the validation of this step is still due."""
        self.resumed_before_validation = checkpoint.get("validation_due")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the end of the run."""
        self.save(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Say how much of the run's files belongs to this checkpoint."""
        rows = [logger.flush_rows() for logger in trainer.loggers if hasattr(logger, "flush_rows")]
        entries = count_scores(find_run_folder_of_trainer(trainer) / "scores.json")
        checkpoint["written"] = {"metrics.csv": sum(rows[:1]), "scores.json": entries}

    def is_saved(self, trainer: Trainer) -> bool:
        """Whether the state after the latest minibatch is on the disk; known to the first process."""
        return self.on_disk == _place(trainer)

    def was_tried(self, trainer: Trainer) -> bool:
        """Whether this state was written, or could not be; known to every process."""
        return (self.last_step, self.last_batch) == _place(trainer)

    def save(self, trainer: Trainer, state: dict[str, Any] | None = None) -> None:
        """Write this step's file, once, if every weight is finite; delete old files.

        Args:
            trainer: Trainer of the run.
            state: Checkpoint to write; the run's state now if it is not given, for which all processes meet.
        """
        module: Any = trainer.lightning_module
        if state is None:
            self.waiting = False
            if hasattr(module, "write_due_curves"):
                module.write_due_curves()
        finite = all(bool(p.isfinite().all()) for p in module.parameters())
        if trainer.fast_dev_run or self.was_tried(trainer) or not finite:  # type: ignore[attr-defined]
            return
        self.last_step, self.last_batch = _place(trainer)
        path = _folder(trainer) / f"step={trainer.global_step}.ckpt"
        try:
            self.write(trainer, path, state)
            self.on_disk = _place(trainer)
        except OSError as error:
            rank_zero_warn(
                f"{path} was not saved ({error.strerror}): training goes on, and older files are whole."
            )

    def write(self, trainer: Trainer, path: Path, state: dict[str, Any] | None = None) -> None:
        """Write a file and give it its two names; delete the oldest."""
        if state is not None:
            trainer.strategy.save_checkpoint(state, path)  # on the first process
        else:
            try:
                trainer.save_checkpoint(path, weights_only=False)
            except OSError:
                trainer.strategy.barrier("Trainer.save_checkpoint")  # where the others wait
                raise
        if not trainer.is_global_zero:
            return
        with atomic_write(path.with_name("last.ckpt")) as link:
            try:
                os.link(path, link)
            except OSError:  # a file system without second names
                shutil.copyfile(path, link)
        self.saved = [p for p in self.saved if p != path] + [path]
        if self.keep:
            for old in self.saved[: -self.keep]:
                old.unlink(missing_ok=True)
            self.saved = self.saved[-self.keep :]


def _place(trainer: Trainer) -> tuple[int, int]:
    return trainer.global_step, trainer.fit_loop.total_batch_idx


def _folder(trainer: Trainer) -> Path:
    return find_run_folder_of_trainer(trainer) / "checkpoints"


def read_step(path: Path) -> int:
    """The step that a file is named after; -1 for another name."""
    number = path.stem.removeprefix("step=")
    return int(number) if number.isdecimal() else -1
