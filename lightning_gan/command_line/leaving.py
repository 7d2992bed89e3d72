"""How a command ends after a signal during a validation or a test."""

import signal
import sys
from pathlib import Path
from typing import NoReturn

from pytorch_lightning import Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from callbacks import Checkpoints, Requeue
from callbacks.pictures import run_folder
from lightning_gan.command_text import command_text
from lightning_gan.interrupts import EvaluationInterrupted
from lightning_gan.running.tracking import finish_wandb
from lightning_gan.several import together


def leave_evaluation(
    trainer: Trainer, trained: bool, stop: EvaluationInterrupted, requeue: Requeue | None
) -> NoReturn:
    """Say what is saved and how to go on; end the process with the signal's status, 128 + its number.

    Args:
        trainer: Trainer whose evaluation was ended.
        trained: Whether the command was `fit`.
        stop: Signal that arrived.
        requeue: Callback of a job of SLURM, if the process belongs to one.
    """
    tested, step = trainer.state.fn == "test", trainer.global_step
    if requeue and trained and not tested:
        requeue.leave_evaluation(trainer, stop)
    savers = [c for c in trainer.checkpoint_callbacks if isinstance(c, Checkpoints)]
    saved = tested or any(saver.last_step == step for saver in savers)
    folder = str(run_folder(trainer)) if trained else ""
    rank_zero_only(sys.stderr.write)(f"{describe_end(stop, folder, step, tested, saved)}\n")
    finish_wandb()
    together.wait_for_first()
    sys.exit(128 + stop.number)


def describe_end(
    stop: EvaluationInterrupted, folder: str, step: int, tested: bool, saved: bool
) -> str:
    """What the user is told when a signal has ended an evaluation.

    Args:
        stop: Signal that arrived.
        folder: Folder of the run; empty where a checkpoint was scored alone.
        step: Updates of G.
        tested: Whether training had ended.
        saved: Whether this step is on the disk.
    """
    first = f"{signal.Signals(stop.number).name}: the scores were left out."
    if not folder:
        return first
    if not Path(folder, "checkpoints", "last.ckpt").is_file():
        return f"{first}\nNo checkpoint was saved."
    state = f"Step {step} is saved." if saved else f"Step {step} could not be saved."
    to_do = "To make them" if tested else "To go on"
    again = command_text("fit", "--config", f"{folder}/config.yaml", "--ckpt_path", "auto")
    return f"{first}\n{state} {to_do}\n  {again}"
