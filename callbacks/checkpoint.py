"""Checkpoints during training, with a record of the rows of metrics.csv and scores.json that belong to each."""

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
    """Callback that writes checkpoints/step=<updates of G>.ckpt and last.ckpt to the run folder.

    Lightning's ModelCheckpoint saves weights that are NaN, and saves a step before its row of metrics.csv is written
    and before its validation ends. This callback skips weights that are not finite. Every file is written atomically,
    including the files of a ModelCheckpoint in the same run.

    A step is saved as soon as its row of metrics.csv is written, before the validation that follows. That file
    records that the validation is due, and a run resumed from it starts with the validation. After the validation the
    file is written again with the new state of the callbacks. A signal during a validation saves the step that is
    validated, whether or not a save was due. Each file records how many rows of metrics.csv and scores.json belong to
    it: a run resumed from it removes later rows and writes them again.

    Args:
        every_n_steps: Updates of G between two saves, at least 1; the end of a run is always saved.
        keep: Number of newest files to keep, at least 0; 0 keeps all. The default of 2 leaves a second file if the
            disk damages one.
    """

    @check_arguments
    def __init__(self, every_n_steps: Count = 1000, keep: CountOrZero = 2) -> None:
        self.every_n_steps, self.keep = every_n_steps, keep
        self.saved: list[Path] = []
        self.last_step = -1  # equal on all processes, because all of them take part in a save
        self.last_batch = -1
        self.on_disk = (-1, -1)  # position of the newest file written; set on rank 0
        self.waiting = False  # a save is due after the next validation
        self.before_validation: dict[str, Any] = {}  # the run's state when the validation began
        self.resumed_before_validation: dict[str, float] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Make the Trainer write all checkpoints atomically."""
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = AtomicCheckpointIO()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the files of an earlier process, and run a validation that was due when the run was saved.

        Files of steps after the resumed one are the first to be deleted.
        """
        step = trainer.global_step
        self.last_step, self.last_batch = (
            (step, trainer.fit_loop.total_batch_idx) if step else (-1, -1)
        )
        self.on_disk = (self.last_step, self.last_batch)
        steps = {p: parse_step(p) for p in _folder(trainer).glob("step=*.ckpt")}
        self.saved = sorted(steps, key=lambda path: (steps[path] <= step, steps[path]))
        if self.resumed_before_validation is not None:
            metrics, self.resumed_before_validation = self.resumed_before_validation, None
            self.waiting = True  # the step is saved again after the validation
            validate_first(trainer, metrics)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save when a save is due or training ends; if a validation follows, its hooks save instead."""
        step = trainer.global_step
        regular = step and step % self.every_n_steps == 0 and step != self.last_step
        stops = trainer.should_stop and trainer.fit_loop._can_stop_early
        if regular or self.waiting or stops or step == trainer.max_steps:
            self.waiting = validation_is_due(trainer)
            if not self.waiting:
                self.save(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hold the run's state from before the validation, and write it if a save is due."""
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
        """Write the file of this step again, now that its validation is complete."""
        self.before_validation = {}
        if self.waiting:
            self.waiting, self.last_step = False, -1
            self.save(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save the step whose validation a signal interrupted."""
        if isinstance(exception, EvaluationInterrupted) or failures.find_peer_signal(exception):
            self.save_before_validation(trainer)
        self.before_validation = {}

    def save_before_validation(self, trainer: Trainer) -> None:
        """Write the state from before the current validation, unless it is on the disk; no process waits."""
        state, self.before_validation = self.before_validation, {}
        if state and not self.is_saved(trainer):
            self.last_step = -1
            self.save(trainer, state)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Read whether the validation of this step is still due."""
        self.resumed_before_validation = checkpoint.get("validation_due")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last step."""
        self.save(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Record the number of rows of metrics.csv and scores.json that belong to this checkpoint."""
        rows = [logger.flush_rows() for logger in trainer.loggers if hasattr(logger, "flush_rows")]
        entries = count_scores(find_run_folder_of_trainer(trainer) / "scores.json")
        checkpoint["written"] = {"metrics.csv": sum(rows[:1]), "scores.json": entries}

    def is_saved(self, trainer: Trainer) -> bool:
        """Return whether the state after the latest minibatch is on the disk; correct on rank 0 only."""
        return self.on_disk == _get_position(trainer)

    def was_tried(self, trainer: Trainer) -> bool:
        """Return whether a save of this state was attempted; correct on all processes."""
        return (self.last_step, self.last_batch) == _get_position(trainer)

    def save(self, trainer: Trainer, state: dict[str, Any] | None = None) -> None:
        """Write this step's file once, if every weight is finite, and delete old files.

        Args:
            trainer: Trainer of the run.
            state: Checkpoint to write. None takes the run's current state, for which all processes must call this.
        """
        module: Any = trainer.lightning_module
        if state is None:
            self.waiting = False
            if hasattr(module, "write_due_curves"):
                module.write_due_curves()
        finite = all(bool(p.isfinite().all()) for p in module.parameters())
        if trainer.fast_dev_run or self.was_tried(trainer) or not finite:  # type: ignore[attr-defined]
            return
        self.last_step, self.last_batch = _get_position(trainer)
        path = _folder(trainer) / f"step={trainer.global_step}.ckpt"
        try:
            self.write(trainer, path, state)
            self.on_disk = _get_position(trainer)
        except OSError as error:
            rank_zero_warn(
                f"{path} was not saved ({error.strerror}): training continues; older files are intact."
            )

    def write(self, trainer: Trainer, path: Path, state: dict[str, Any] | None = None) -> None:
        """Write a checkpoint, link last.ckpt to it, and delete the oldest files beyond `keep`."""
        if state is not None:
            trainer.strategy.save_checkpoint(state, path)  # on the first process
        else:
            try:
                trainer.save_checkpoint(path, weights_only=False)
            except OSError:
                trainer.strategy.barrier("Trainer.save_checkpoint")  # the other ranks wait here
                raise
        if not trainer.is_global_zero:
            return
        with atomic_write(path.with_name("last.ckpt")) as link:
            try:
                os.link(path, link)
            except OSError:  # a file system without hard links
                shutil.copyfile(path, link)
        self.saved = [p for p in self.saved if p != path] + [path]
        if self.keep:
            for old in self.saved[: -self.keep]:
                old.unlink(missing_ok=True)
            self.saved = self.saved[-self.keep :]


def _get_position(trainer: Trainer) -> tuple[int, int]:
    """Return the number of updates of G and the index of the latest minibatch."""
    return trainer.global_step, trainer.fit_loop.total_batch_idx


def _folder(trainer: Trainer) -> Path:
    return find_run_folder_of_trainer(trainer) / "checkpoints"


def parse_step(path: Path) -> int:
    """Return the step in the name of a checkpoint file; -1 for other names."""
    number = path.stem.removeprefix("step=")
    return int(number) if number.isdecimal() else -1
