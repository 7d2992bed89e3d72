"""Command `estimate`: estimate the time, memory and disk space of a run from its first steps."""

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

WARMUP_STEPS = 5  # not measured: memory is allocated and kernels are chosen


@check_arguments(prefix="--")
@dataclass
class EstimateOptions:
    """Arguments of `estimate` besides the settings of `fit`."""

    steps: CountFromTwo
    """Number of updates of G to measure, at least 2."""
    target: Count | None = None
    """Number of updates of G in the whole run, at least 1; max_steps if None."""
    quick: bool = False
    """Whether to omit validation and the final evaluation."""


def check_estimate_arguments(words: Sequence[str]) -> None:
    """Check that no setting resumes a run.

    Args:
        words: Settings of `fit`.

    Raises:
        UserError: --ckpt_path or --override is given.
    """
    if {"--ckpt_path", "--override"} & {word.partition("=")[0] for word in words}:
        raise UserError(
            "estimate measures the first steps of a new run: leave out --ckpt_path and --override, and give --config "
            "RUN/config.yaml for an existing run, with changed settings as plain flags."
        )


@contextmanager
def make_scratch_flags() -> Iterator[list[str]]:
    """Return flags that write a run to a temporary folder without other loggers."""
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
    """Durations of the parts of a run in seconds, and how often each occurs in the whole run."""

    step: float
    """Mean duration of a step, without work at intervals."""
    low: float
    high: float
    """Upper end of the range of steps: `low` and `high` are the quantiles 0.1 and 0.9."""
    parts: list[tuple[str, float, int]]
    """Work at intervals: name, duration, number of times."""
    overhead: float
    """Duration of the time before the first step and after the last one."""

    def compute_total(self, steps: int, step: float) -> float:
        """Compute the duration of the whole run in seconds.

        Args:
            steps: Number of steps.
            step: Duration of a step.
        """
        return steps * step + sum(each * times for _, each, times in self.parts) + self.overhead


def measure(
    options: EstimateOptions,
    trainer: Trainer,
    gan: LightningModule,
    data: LightningDataModule,
    name: str,
) -> None:
    """Run the first steps, the work of each interval once, and the end; print the estimate.

    Args:
        options: Arguments of `estimate`.
        trainer: Trainer of the run.
        gan: Model to train.
        data: Data to train on.
        name: Name of the run.

    Raises:
        UserError: The run has no number of steps, or validates by time.
    """
    steps = options.target or trainer.max_steps
    if steps < 1:
        raise UserError("The run has no number of steps: give --trainer.max_steps, or --target N.")
    if trainer.fast_dev_run or trainer._val_check_time_interval:  # type: ignore[attr-defined]
        raise UserError(
            "estimate needs steps and validations at intervals of steps: leave out trainer.fast_dev_run, and give "
            "trainer.val_check_interval as a number of minibatches."
        )
    validations = shorten(options, trainer, gan)
    watch = Stopwatch(WARMUP_STEPS, options.steps)
    trainer.callbacks.append(watch)  # type: ignore[attr-defined]
    start = time.perf_counter()
    trainer.fit(gan, data)
    if not options.quick:
        trainer.test(gan, data, verbose=False, weights_only=True)
    watch.spent = time.perf_counter() - start
    if trainer.is_global_zero:
        print(format_estimate(options, trainer, watch, steps, validations(steps), name))


def shorten(options: EstimateOptions, trainer: Trainer, gan: Any) -> Callable[[int], int]:
    """Shorten a run to the measured steps and one validation.

    Returns:
        Function from a number of steps to the number of validations in a run of that length.
    """
    k, every, epochs = (
        getattr(gan, "k", 1),
        trainer.val_check_interval,
        trainer.check_val_every_n_epoch,
    )
    scored = trainer.limit_val_batches != 0 and not options.quick
    if options.quick:
        trainer.limit_val_batches = 0

    def validations(steps: int) -> int:
        length = trainer.num_training_batches if trainer.num_training_batches != inf else 1
        batches = every if isinstance(every, int) else int(every * length)
        return int(scored) * (steps * k // max(1, batches * (epochs or 1)))

    trainer.check_val_every_n_epoch = None
    trainer.val_check_interval = (WARMUP_STEPS + options.steps) * k
    trainer.fit_loop.epoch_loop.max_steps = WARMUP_STEPS + options.steps
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if hasattr(callback, "disable"):
            callback.disable()  # progress bar
    return validations


def format_estimate(
    options: EstimateOptions,
    trainer: Trainer,
    watch: Stopwatch,
    steps: int,
    validations: int,
    name: str,
) -> str:
    """Format the estimate as lines of text."""
    low, high = torch.tensor(watch.steps).quantile(torch.tensor([0.1, 0.9])).tolist()
    parts = [(what, each, steps // every) for what, (each, every) in watch.intervals.items()]
    parts += [("validation", watch.validation, validations)] if validations else []
    mean = sum(watch.steps) / len(watch.steps)
    m = Measurement(mean, low, high, parts, watch.compute_overhead())
    rows = [("step", f"{1000 * mean:.3g} ms", f"{steps:,}")]
    rows += [(what, f"{each:.3g} s", f"{times:,}") for what, each, times in parts]
    rows.append(
        (
            "start and end" if options.quick else "start, end, final evaluation",
            f"{m.overhead:.3g} s",
            "1",
        )
    )
    spread = f"{format_clock(m.compute_total(steps, low))} to {format_clock(m.compute_total(steps, high))}"
    n = torch.get_num_threads()
    threads = f"{n} thread{'s' * (n > 1)}"
    if trainer.world_size > 1:
        threads += f" in each of {trainer.world_size} processes"
    lines = [
        f"estimate {name}: {options.steps} steps measured after {WARMUP_STEPS}, on {watch.device}, {threads}",
        format_table(rows, ("part", "each", "times")),
        f"time     {format_clock(m.compute_total(steps, mean))} for {steps:,} steps ({spread}: quantiles 0.1 and 0.9 "
        f"of a step)",
        f"memory   {measure_memory(watch.device)}{' in one process' * (trainer.world_size > 1)}",
        f"disk     {measure_disk(trainer, watch.folder, steps)}",
    ]  # fmt: skip
    lines.append("not included: the imports at the start of the command")
    if options.quick:
        lines.append("not included: validation and the final evaluation (--quick)")
    return "\n".join(lines)


def measure_memory(device: str) -> str:
    """Describe the peak memory of the process, and of the GPU if there is one."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    gpu = (
        f"; {format_size(torch.cuda.max_memory_allocated())} on the device"
        if device == "cuda"
        else ""
    )
    return f"{format_size(peak)} at most{gpu}"


def measure_disk(trainer: Trainer, folder: Path, steps: int) -> str:
    """Describe the disk space of the checkpoints that a run keeps."""
    files = list((folder / "checkpoints").glob("step=*.ckpt"))
    if not files:
        return "no checkpoints"
    each = max(file.stat().st_size for file in files)
    saver: Any = next(c for c in trainer.callbacks if hasattr(c, "keep"))  # type: ignore[attr-defined]
    number = min(saver.keep or steps, -(-steps // saver.every_n_steps))
    return f"{format_size(number * each)} for checkpoints: {number:,} of {format_size(each)}"


def format_size(number: int) -> str:
    """Format a number of bytes in MB or GB."""
    return f"{number / 1e9:.2f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"


def format_clock(seconds: float) -> str:
    """Format a duration as h:mm:ss, m:ss, or seconds below one minute."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} h" if hours else f"{minutes}:{seconds:02} min"
