"""The end of a job's time on a SLURM cluster: the step is finished, the run is saved, the job is queued again."""

import signal
import sys

from pytorch_lightning import LightningModule, Trainer

from callbacks.checkpoint import Checkpoints
from callbacks.signals import SignalListener, is_main_thread
from lightning_gan.distributed import failures
from lightning_gan.slurm.current_job import Job
from lightning_gan.tracking.loggers import finish_wandb

SIGNALS = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)


class SlurmRequeue(SignalListener):
    """At SIGUSR1 a job saves and asks for another turn; at SIGTERM and SIGINT it saves and leaves. Nothing is scored.

    A signal during a validation ends it at once, and the resumed job begins with it. SIGUSR1 in the last step or during
    the test at the end is ignored, so that scoring uses what is left of the job's time. The exit status is 128 + the
    signal's number: 138 where the job was queued again, 143 where it was cancelled or preempted. SIGTERM (15) goes
    before SIGUSR1 (10).

    Args:
        job: Job that this process belongs to.
    """

    signals = SIGNALS

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.began = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Listen before the first step: an early signal must not kill."""
        if stage == "fit" and not self.before and is_main_thread():
            self.listen(SIGNALS)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # one that came during the start

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen again: Lightning has installed a handler of its own, which waits for processes that may never come."""
        self.began = trainer.global_step
        if self.before:
            self.listen(SIGNALS)

    def is_ignored(self, trainer: Trainer, number: int) -> bool:
        """A run that is at its last step is scored in what is left of the job's time."""
        return number == signal.SIGUSR1 and bool(trainer.global_step == trainer.max_steps)

    def leave(self, trainer: Trainer) -> None:
        """End all processes of a job that must go, after the first of them has asked for another turn.

        At the end of a run nobody leaves for SIGUSR1: scoring may use what remains of the job's time.
        """
        last = self.strongest(trainer)
        number = self.agreed or (0 if last == signal.SIGUSR1 else last)
        if not number:
            listened, self.received = bool(self.before), None
            self.restore()
            if listened:
                signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            return
        sys.exit(self.finish(trainer, number))

    def finish(self, trainer: Trainer, number: int) -> int:
        """Ask for another turn on the first process, while the others wait for it.

        Args:
            trainer: Trainer of the run, whose step is saved.
            number: Number of the signal.

        Returns:
            The exit status of this process.
        """
        self.agreed = number
        if trainer.is_global_zero:
            finish_wandb()  # now: the next turn may take this process's service away
            print(self.request_requeue(trainer), flush=True)
        failures.wait_for_first()  # srun kills the others when one ends with a status
        return 128 + number

    def request_requeue(self, trainer: Trainer) -> str:
        """Ask for another turn where that makes sense; say what was done."""
        step, name = trainer.global_step, signal.Signals(self.agreed).name
        kept = any(c.on_disk[0] == step for c in trainer.callbacks if isinstance(c, Checkpoints))  # type: ignore[attr-defined]
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
