"""`python -m lightning_gan estimate`: what a run will take, from its first steps."""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from pytorch_lightning import LightningDataModule, LightningModule, Trainer

from lightning_gan.arguments import Count, CountFromTwo, check_arguments
from lightning_gan.cli.actions.stopwatch import Stopwatch
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.text_table import format_table

WARM = 5  # steps that are not measured: memory is laid out, kernels are chosen


@check_arguments(prefix="--")
@dataclass
class EstimateOptions:
    """What `estimate` takes beside the flags of `fit`."""

    steps: CountFromTwo
    """Updates of G to measure, at least 2."""
    target: Count | None = None
    """Updates of G to plan for, at least 1, if not max_steps."""
    quick: bool = False
    """Leave validation and the last scores out, and say so."""


def check_words(words: Sequence[str]) -> None:
    """Refuse settings of a run that exists already.

    Args:
        words: Settings of `fit`.

    Raises:
        UserError: A checkpoint or an override is among them.
    """
    if {"--ckpt_path", "--override"} & {word.partition("=")[0] for word in words}:
        raise UserError(
            "estimate measures the first steps of a new run: leave out --ckpt_path and --override, and give --config "
            "RUN/config.yaml for a run that is there, with other settings as plain flags."
        )


@contextmanager
def make_scratch_flags() -> Iterator[list[str]]:
    """Flags that lead a run into a folder that is gone afterwards; no other logger."""
    mode = os.environ.get("WANDB_MODE")
    os.environ["WANDB_MODE"] = "disabled"
    try:
        with TemporaryDirectory(prefix="estimate") as folder:
            yield ["--run.root", folder, "--trainer.logger", "false"]
    finally:
        del os.environ["WANDB_MODE"]
        if mode is not None:
            os.environ["WANDB_MODE"] = mode


@dataclass
class Measurement:
    """Seconds of the parts of a shortened run, and how often the whole run has each."""

    step: float
    """Mean of a step, without what comes at intervals."""
    low: float
    high: float
    """The tenth and the ninetieth of a hundred steps."""
    parts: list[tuple[str, float, int]]
    """What comes at intervals: name, seconds each time, times."""
    ends: float
    """Before the first step, and after the last one up to the last score."""

    def total(self, steps: int, step: float) -> float:
        """Seconds of the whole run."""
        return steps * step + sum(each * times for _, each, times in self.parts) + self.ends


def measure(
    own: EstimateOptions,
    trainer: Trainer,
    gan: LightningModule,
    data: LightningDataModule,
    name: str,
) -> None:
    """Play the first steps, each interval's work once, and the end; print what the whole will take.

    Raises:
        ValueError: if nobody said how long the run is.
    """
    steps = own.target or trainer.max_steps
    if steps < 1:
        raise UserError("The run has no end: give --trainer.max_steps, or --target N.")
    if trainer.fast_dev_run or trainer._val_check_time_interval:  # type: ignore[attr-defined]
        raise UserError(
            "estimate measures steps and validations at steps: leave out trainer.fast_dev_run, and give "
            "trainer.val_check_interval as a number of minibatches."
        )
    validations = shorten(own, trainer, gan)
    watch = Stopwatch(WARM, own.steps)
    trainer.callbacks.append(watch)  # type: ignore[attr-defined]
    began = time.perf_counter()
    trainer.fit(gan, data)
    if not own.quick:
        trainer.test(gan, data, verbose=False, weights_only=True)
    watch.spent = time.perf_counter() - began
    print(format_estimate(own, trainer, watch, steps, validations(steps), name))


def shorten(own: EstimateOptions, trainer: Trainer, gan: Any) -> Callable[[int], int]:
    """Let a run end after the steps to measure, with one validation; how many validations so many steps have."""
    k, every, epochs = (
        getattr(gan, "k", 1),
        trainer.val_check_interval,
        trainer.check_val_every_n_epoch,
    )
    scored = trainer.limit_val_batches != 0 and not own.quick
    if own.quick:
        trainer.limit_val_batches = 0

    def validations(steps: int) -> int:
        length = trainer.num_training_batches if trainer.num_training_batches != inf else 1
        batches = every if isinstance(every, int) else int(every * length)
        return int(scored) * (steps * k // max(1, batches * (epochs or 1)))

    trainer.check_val_every_n_epoch = None
    trainer.val_check_interval = (WARM + own.steps) * k
    trainer.fit_loop.epoch_loop.max_steps = WARM + own.steps
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if hasattr(callback, "disable"):
            callback.disable()  # the bar
    return validations


def format_estimate(
    own: EstimateOptions,
    trainer: Trainer,
    watch: Stopwatch,
    steps: int,
    validations: int,
    name: str,
) -> str:
    """Return the estimate as lines of text."""
    low, high = torch.tensor(watch.steps).quantile(torch.tensor([0.1, 0.9])).tolist()
    parts = [(what, each, steps // every) for what, (each, every) in watch.intervals.items()]
    parts += [("validation", watch.validation, validations)] if validations else []
    mean = sum(watch.steps) / len(watch.steps)
    m = Measurement(mean, low, high, parts, watch.ends())
    rows = [("a step", f"{1000 * mean:.3g} ms", f"{steps:,}")]
    rows += [(what, f"{each:.3g} s", f"{times:,}") for what, each, times in parts]
    rows.append(
        ("start and end" if own.quick else "start, end, last scores", f"{m.ends:.3g} s", "1")
    )
    spread = f"{format_clock(m.total(steps, low))} to {format_clock(m.total(steps, high))}"
    n = torch.get_num_threads()
    threads = f"{n} thread{'s' if n > 1 else ''}"
    lines = [
        f"estimate {name}: {own.steps} steps measured after {WARM}, on {watch.device}, {threads}",
        format_table(rows, ("part", "each", "times")),
        f"time     {format_clock(m.total(steps, mean))} for {steps:,} steps ({spread}; a tenth of the steps "
        f"beyond either)",
        f"memory   {measure_memory(watch.device)}",
        f"disk     {measure_disk(trainer, watch.folder, steps)}",
    ]  # fmt: skip
    lines.append("not counted: the start of Python and its libraries")
    if own.quick:
        lines.append(
            "not measured, and not in these numbers: validation, and the scores at the end"
        )
    return "\n".join(lines)


def measure_memory(device: str) -> str:
    """The most that the process had so far, and the device."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    gpu = (
        f"; {format_size(torch.cuda.max_memory_allocated())} on the device"
        if device == "cuda"
        else ""
    )
    return f"{format_size(most)} at most{gpu}"


def measure_disk(trainer: Trainer, folder: Path, steps: int) -> str:
    """Of checkpoints: as many as are kept, each as large as the first."""
    files = list((folder / "checkpoints").glob("step=*.ckpt"))
    if not files:
        return "no checkpoints"
    each = max(file.stat().st_size for file in files)
    saver: Any = next(c for c in trainer.callbacks if hasattr(c, "keep"))  # type: ignore[attr-defined]
    number = min(saver.keep or steps, -(-steps // saver.every_n_steps))
    return f"{format_size(number * each)} for checkpoints: {number:,} of {format_size(each)}"


def format_size(number: int) -> str:
    """Bytes, for people."""
    return f"{number / 1e9:.2f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"


def format_clock(seconds: float) -> str:
    """h:mm:ss, or seconds where there are few."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} h" if hours else f"{minutes}:{seconds:02} min"
