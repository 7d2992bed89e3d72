"""The end of a job's time on a SLURM cluster: the step is finished, the run is saved, the job is queued again."""

import signal
import sys
import threading
from types import FrameType
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.checkpoint import Checkpoints, validation_is_due
from lightning_gan.jobs.cluster import Job
from lightning_gan.running.tracking import finish_wandb

SIGNALS = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)


class Requeue(Callback):
    """At SIGUSR1 a job saves and asks for another turn; at SIGTERM and SIGINT it saves and leaves. Nothing is scored.

    The signal only leaves a note. When G has moved all processes agree, and stop at the same step. The exit status is
    128 + the signal's number: 138 where the job was queued again, 143 where it was cancelled or preempted.

    Args:
        job: whose process this is.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.received: int | None = None
        self.agreed = 0  # the signal for which all of them leave
        self.began = self.step = 0
        self.before: dict[int, Any] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Listen before the first step: an early signal must not kill."""
        if stage == "fit" and not self.before and in_main_thread():
            self.before = {number: signal.signal(number, self.note) for number in SIGNALS}
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # one that came during the start

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember the strongest signal: SIGTERM (15) goes before SIGUSR1 (10)."""
        self.received = max(number, self.received or 0)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lightning has put a handler of its own in place, which waits for processes that may never come."""
        self.began = trainer.global_step
        for number in SIGNALS if self.before else ():
            signal.signal(number, self.note)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Where the step at hand began."""
        self.step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Stop, if G has moved and some process was told to; a run that is at its end goes on and is scored.

        A validation that belongs to this step is done first, and the next step is the last one.
        """
        if trainer.global_step in (self.step, trainer.max_steps) or validation_is_due(trainer):
            return
        self.agreed = self.strongest(trainer)
        if self.agreed:
            trainer.limit_val_batches = 0  # there is no time for the validation before a stop
            trainer.should_stop = True

    def strongest(self, trainer: Trainer) -> int:
        """The largest number of a signal that any process has received; 0 if none has."""
        own = self.received or 0
        if trainer.world_size == 1:
            return own
        number = torch.tensor(own, device=trainer.strategy.root_device)
        return int(trainer.strategy.reduce(number, reduce_op="max"))

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back."""
        self.restore()

    def restore(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

    def leave(self, trainer: Trainer) -> None:
        """End all processes of a job that must go, after the first of them has asked for another turn.

        At the end of a run nobody leaves: scoring may use what remains of the job's time.
        """
        if not self.agreed:
            listened, self.received = bool(self.before), None
            self.restore()
            if listened:
                signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            return
        if trainer.is_global_zero:
            finish_wandb()  # now: the next turn may take this process's service away
            print(self.farewell(trainer), flush=True)
        trainer.strategy.barrier()  # srun kills the others when one ends with a status
        sys.exit(128 + self.agreed)

    def farewell(self, trainer: Trainer) -> str:
        """Ask for another turn where that makes sense; say what was done."""
        step, name = trainer.global_step, signal.Signals(self.agreed).name
        kept = any(c.last_step == step for c in trainer.callbacks if isinstance(c, Checkpoints))  # type: ignore[attr-defined]
        if not kept:
            return (
                f"{name}: step {step} could not be saved, so job {self.job.id} is not queued again."
            )
        if self.agreed != signal.SIGUSR1:
            return f"{name}: step {step} is saved, job {self.job.id} leaves."
        if step <= self.began:
            return f"{name}: no step since the start at {self.began}, so job {self.job.id} is not queued again."
        if refusal := self.job.requeue():
            return (
                f"{name}: step {step} is saved, but job {self.job.id} was not queued again ({refusal}): submit the "
                f"file again with LIGHTNING_GAN_RUN set to this run."
            )
        return f"{name}: step {step} is saved, job {self.job.id} is queued again ({self.job.restarts + 1})."


def in_main_thread() -> bool:
    """Only there a process can listen to signals."""
    return threading.current_thread() is threading.main_thread()
