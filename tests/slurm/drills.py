"""What can happen to a process of a drill, as callbacks that a config names."""

import os
import signal
import time

from pytorch_lightning import Callback


class Slow(Callback):
    """Steps long enough for a signal to come in between; one process may be slower than the others.

    Args:
        seconds: of each minibatch.
        straggler: a process that takes twice as long.
    """

    def __init__(self, seconds: float = 0.05, straggler: int = -1) -> None:
        self.seconds, self.straggler = seconds, straggler

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        slow = trainer.global_rank == self.straggler
        time.sleep(self.seconds * (2 if slow else 1))


class Killed(Callback):
    """kill -9 of one process, in the first life of a job.

    Args:
        rank: which.
        step: at which.
    """

    def __init__(self, rank: int = 1, step: int = 30) -> None:
        self.rank, self.step = rank, step

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        due = trainer.global_rank == self.rank and trainer.global_step == self.step
        if due and "LIGHTNING_GAN_RUN" not in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
