"""Callback that measures the durations of the parts of a short run."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

HOOK = "on_train_batch_end"


class Stopwatch(Callback):
    """Callback that measures steps and, separately, validation and callbacks with long intervals.

    An interval (`every_n_steps`) that is longer than the measured run is shortened, so that its work is done once.
    Work at shorter intervals counts as part of the steps.

    Args:
        warm: Number of updates of G before the measurement.
        timed: Number of measured updates of G.
    """

    def __init__(self, warm: int, timed: int) -> None:
        self.warm, self.timed = warm, timed
        self.marks: dict[
            int, tuple[float, float]
        ] = {}  # step: time, and the part of it for work at intervals
        self.intervals: dict[str, tuple[float, int]] = {}
        """Duration in seconds, and interval in updates of G, by name of the callback."""
        self.validation = self.apart = self.spent = 0.0
        self.device, self.folder = "cpu", Path()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shorten the long intervals, and measure their work."""
        self.device = pl_module.device.type
        self.folder = Path(getattr(trainer.logger, "log_dir", None) or trainer.default_root_dir)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            every = getattr(callback, "every_n_steps", None)
            if isinstance(every, int) and every > self.timed:
                callback.every_n_steps = self.warm + self.timed // 2
                setattr(callback, HOOK, self.make_timed_hook(callback, every, trainer))

    def make_timed_hook(self, callback: Any, every: int, trainer: Trainer) -> Callable[..., None]:
        """Wrap the hook of a callback so that the work of its interval is measured."""
        hook = getattr(callback, HOOK)

        def timed(*arguments: Any) -> None:
            start = time.perf_counter()
            hook(*arguments)
            if trainer.global_step == callback.every_n_steps:
                seconds = time.perf_counter() - start
                self.apart += seconds
                before = self.intervals.get(type(callback).__name__, (0.0, every))[0]
                self.intervals[type(callback).__name__] = (before + seconds, every)

        return timed

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Mark the start of a step."""
        synchronize(self.device)
        self.marks.setdefault(trainer.global_step, (time.perf_counter(), self.apart))

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start to measure a validation."""
        synchronize(self.device)
        self.began = time.perf_counter()
        if trainer.training or self.marks:
            self.marks.setdefault(trainer.global_step, (self.began, self.apart))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Exclude the validation from the steps."""
        synchronize(self.device)
        self.validation = time.perf_counter() - self.began
        self.apart += self.validation

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Mark the end of the last step."""
        self.marks.setdefault(trainer.global_step, (time.perf_counter(), self.apart))

    @property
    def steps(self) -> list[float]:
        """Duration of each measured step, in seconds."""
        marks = [self.marks[step] for step in range(self.warm, self.warm + self.timed + 1)]
        return [b - a - (b_apart - a_apart) for (a, a_apart), (b, b_apart) in pairwise(marks)]

    def compute_overhead(self) -> float:
        """Compute the duration before the first and after the last step, in seconds."""
        first, last = self.marks[0], self.marks[self.warm + self.timed]
        return self.spent - (last[0] - first[0]) - (self.apart - last[1])


def synchronize(device: str) -> None:
    """Wait for the work that was queued on a device."""
    if device == "cuda":
        torch.cuda.synchronize()
