"""Requeueing of SLURM jobs: finish the step, save the run and queue the job again."""

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
    """Callback that saves the run and requeues the job at SIGUSR1, or saves and exits at SIGTERM and SIGINT.

    A signal during a validation ends it at once, and the resumed job starts with it. SIGUSR1 in the last step or
    during the final test is ignored, so that the evaluation can use the job's remaining time. The exit status is 128 +
    the signal's number: 138 if the job was queued again, 143 if it was cancelled or preempted. SIGTERM (15) takes
    precedence over SIGUSR1 (10). The run is not evaluated after a signal.

    Args:
        job: Job that this process belongs to.
    """

    signals = SIGNALS

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.began = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Install the handlers before the first step, so that an early signal does not kill the process."""
        if stage == "fit" and not self.previous_handlers and is_main_thread():
            self.listen(SIGNALS)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # signals blocked during start-up

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Install the handlers again: Lightning has replaced them, and its handler waits for other processes."""
        self.began = trainer.global_step
        if self.previous_handlers:
            self.listen(SIGNALS)

    def is_ignored(self, trainer: Trainer, number: int) -> bool:
        """Return whether the signal is SIGUSR1 at the last step, after which the run is only evaluated."""
        return number == signal.SIGUSR1 and bool(trainer.global_step == trainer.max_steps)

    def leave(self, trainer: Trainer) -> None:
        """Exit all processes if a signal has stopped the run, after rank 0 has requeued the job.

        SIGUSR1 after the last step is ignored from here on, so that the evaluation can use the remaining time.
        """
        last = self.find_highest_signal(trainer)
        number = self.agreed or (0 if last == signal.SIGUSR1 else last)
        if not number:
            listened, self.received = bool(self.previous_handlers), None
            self.restore()
            if listened:
                signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            return
        sys.exit(self.finish(trainer, number))

    def finish(self, trainer: Trainer, number: int) -> int:
        """Requeue the job on rank 0 while the other ranks wait.

        Args:
            trainer: Trainer of the run, whose step is saved.
            number: Number of the signal.

        Returns:
            Exit status of this process.
        """
        self.agreed = number
        if trainer.is_global_zero:
            finish_wandb()  # first: the requeued job may start before this process ends
            print(self.request_requeue(trainer), flush=True)
        failures.wait_for_first()  # srun kills the other ranks when one exits with a status
        return 128 + number

    def request_requeue(self, trainer: Trainer) -> str:
        """Requeue the job at SIGUSR1 if its step is saved and it has made progress.

        Returns:
            Sentence about what was done and why.
        """
        step, name = trainer.global_step, signal.Signals(self.agreed).name
        saved = any(c.on_disk[0] == step for c in trainer.callbacks if isinstance(c, Checkpoints))  # type: ignore[attr-defined]
        if not saved:
            return (
                f"{name}: step {step} could not be saved, so job {self.job.id} is not queued again."
            )
        if self.agreed != signal.SIGUSR1:
            return f"{name}: step {step} is saved, job {self.job.id} exits."
        if step <= self.began:
            return f"{name}: no step since the start at {self.began}, so job {self.job.id} is not queued again."
        if refusal := self.job.requeue():
            return (
                f"{name}: step {step} is saved, but job {self.job.id} was not queued again ({refusal}): submit the "
                f"file again with LIGHTNING_GAN_RUN set to this run."
            )
        return f"{name}: step {step} is saved, job {self.job.id} is queued again ({self.job.restarts + 1})."
