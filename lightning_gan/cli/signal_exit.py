"""Exit of a command after a signal during a validation or a test."""

import signal
import sys
from pathlib import Path
from typing import NoReturn

from pytorch_lightning import Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from callbacks import Checkpoints, SlurmRequeue
from callbacks.image_logging import find_run_folder_of_trainer
from lightning_gan.distributed import failures
from lightning_gan.tracking.loggers import finish_wandb
from lightning_gan.utils.shell_text import format_command


def exit_evaluation(
    trainer: Trainer, trained: bool, requeue: SlurmRequeue | None, number: int
) -> NoReturn:
    """Print what is saved and how to continue, and exit with the signal's status.

    Args:
        trainer: Trainer whose evaluation the signal interrupted.
        trained: Whether the command was `fit`.
        requeue: Callback of the SLURM job, if the process belongs to one.
        number: Number of the signal.
    """
    sys.exit(_finish(trainer, trained, requeue, number))


def end_from_thread(
    trainer: Trainer, trained: bool, requeue: SlurmRequeue | None, number: int
) -> int:
    """Save the run and print what is saved, from another thread while the main thread is still evaluating.

    Args:
        trainer: Trainer whose evaluation the signal interrupted.
        trained: Whether the command was `fit`.
        requeue: Callback of the SLURM job, if the process belongs to one.
        number: Number of the signal.

    Returns:
        Exit status with which the caller must end the process.
    """
    for saver in _savers(trainer):
        saver.save_before_validation(trainer)
    status = _finish(trainer, trained, requeue, number)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _savers(trainer: Trainer) -> list[Checkpoints]:
    return [c for c in trainer.checkpoint_callbacks if isinstance(c, Checkpoints)]


def _finish(trainer: Trainer, trained: bool, requeue: SlurmRequeue | None, number: int) -> int:
    tested, step = trainer.state.fn == "test", trainer.global_step
    if requeue and trained and not tested:
        return requeue.finish(trainer, number)
    saved = any(saver.on_disk[0] == step for saver in _savers(trainer))
    folder = str(find_run_folder_of_trainer(trainer)) if trained else ""
    rank_zero_only(sys.stderr.write)(f"{describe_end(number, folder, step, tested, saved)}\n")
    finish_wandb()
    failures.wait_for_first()
    return 128 + number if requeue else failures.find_exit_status(number)


def describe_end(number: int, folder: str, step: int, tested: bool, saved: bool) -> str:
    """Describe what is saved after a signal has ended an evaluation, and how to continue.

    Args:
        number: Number of the signal.
        folder: Run folder; empty for validate and test.
        step: Number of updates of G.
        tested: Whether training was complete.
        saved: Whether this step is saved.
    """
    first = f"{signal.Signals(number).name}: the scores were not computed."
    if not folder:
        return first
    if not Path(folder, "checkpoints", "last.ckpt").is_file():
        return f"{first}\nNo checkpoint was saved."
    to_do = "To compute them" if tested else "To continue"
    state = f"Step {step} is saved. {to_do}"
    if not saved:
        state = f"Step {step} could not be saved. To continue from the last saved step"
    again = format_command("fit", "--config", f"{folder}/config.yaml", "--ckpt_path", "auto")
    return f"{first}\n{state}\n  {again}"
