"""The time that the parts of a short run take."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

HOOK = "on_train_batch_end"


class Stopwatch(Callback):
    """Times steps, and apart from them what comes at intervals: each callback that has `every_n_steps`, and validation.

    An interval longer than the run is shortened, so that its work is done once; those that fit in stay, and count
    among the steps.

    Args:
        warm: updates of G that are not timed.
        timed: updates of G that are, after them.
    """

    def __init__(self, warm: int, timed: int) -> None:
        self.warm, self.timed = warm, timed
        self.marks: dict[
            int, tuple[float, float]
        ] = {}  # step: time, and of it what came at intervals
        self.intervals: dict[str, tuple[float, int]] = {}
        """Name of a callback: seconds each time, updates of G between two."""
        self.validation = self.apart = self.spent = 0.0
        self.device, self.folder = "cpu", Path()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the intervals in hand."""
        self.device = pl_module.device.type
        self.folder = Path(getattr(trainer.logger, "log_dir", None) or trainer.default_root_dir)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            every = getattr(callback, "every_n_steps", None)
            if isinstance(every, int) and every > self.timed:
                callback.every_n_steps = self.warm + self.timed // 2
                setattr(callback, HOOK, self.timing(callback, every, trainer))

    def timing(self, callback: Any, every: int, trainer: Trainer) -> Callable[..., None]:
        """A callback's hook, timed where its interval ends."""
        hook = getattr(callback, HOOK)

        def timed(*arguments: Any) -> None:
            began = time.perf_counter()
            hook(*arguments)
            if trainer.global_step == callback.every_n_steps:
                seconds = time.perf_counter() - began
                self.apart += seconds
                before = self.intervals.get(type(callback).__name__, (0.0, every))[0]
                self.intervals[type(callback).__name__] = (before + seconds, every)

        return timed

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """A step begins where G has just moved."""
        wait(self.device)
        self.marks.setdefault(trainer.global_step, (time.perf_counter(), self.apart))

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Apart from the steps."""
        wait(self.device)
        self.began = time.perf_counter()
        if trainer.training or self.marks:
            self.marks.setdefault(trainer.global_step, (self.began, self.apart))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Apart from the steps."""
        wait(self.device)
        self.validation = time.perf_counter() - self.began
        self.apart += self.validation

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The last step is over."""
        self.marks.setdefault(trainer.global_step, (time.perf_counter(), self.apart))

    @property
    def steps(self) -> list[float]:
        """Seconds of each timed step."""
        marks = [self.marks[step] for step in range(self.warm, self.warm + self.timed + 1)]
        return [b - a - (b_apart - a_apart) for (a, a_apart), (b, b_apart) in pairwise(marks)]

    def ends(self) -> float:
        """Seconds of the short run that are neither steps nor intervals."""
        first, last = self.marks[0], self.marks[self.warm + self.timed]
        return self.spent - (last[0] - first[0]) - (self.apart - last[1])


def wait(device: str) -> None:
    """For what a device was asked to do."""
    if device == "cuda":
        torch.cuda.synchronize()
