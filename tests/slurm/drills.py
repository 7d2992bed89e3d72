"""Callbacks for configs of SLURM tests: slow steps and a killed process."""

import os
import signal
import time

from pytorch_lightning import Callback


class Slow(Callback):
    """Callback that delays steps, so that a signal arrives between them; one process may be slower.

    Args:
        seconds: Delay of each minibatch, in seconds.
        straggler: Rank of a process with twice the delay; -1 for none.
    """

    def __init__(self, seconds: float = 0.05, straggler: int = -1) -> None:
        self.seconds, self.straggler = seconds, straggler

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        slow = trainer.global_rank == self.straggler
        time.sleep(self.seconds * (2 if slow else 1))


class Killed(Callback):
    """Callback that kills one process with SIGKILL before the job is requeued.

    Args:
        rank: Rank of the process.
        step: Step at which it is killed.
    """

    def __init__(self, rank: int = 1, step: int = 30) -> None:
        self.rank, self.step = rank, step

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        due = trainer.global_rank == self.rank and trainer.global_step == self.step
        if due and "LIGHTNING_GAN_RUN" not in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
