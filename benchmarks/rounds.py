"""Shared code of the benchmarks: models of experiments without data, timing of blocks of steps, ratios."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.benchmarks.configured import build_from_config


class Batches:
    """Loader of minibatches from a tensor in memory.

    Args:
        shape: Shape of an example.
        m: Examples in a minibatch.
        device: Device of the tensor.
    """

    def __init__(self, shape: Sequence[int], m: int, device: str = "cpu") -> None:
        self.m = m
        self.x = torch.rand(50 * m, *shape, device=device)

    def __len__(self) -> int:
        return 50

    def __iter__(self) -> Iterator[list[Tensor]]:
        for x in self.x.split(self.m):
            yield [x, torch.zeros(len(x), dtype=torch.long, device=x.device)]


def gan(config: str, **model: Any) -> AdversarialModel:
    """Return the model of an experiment, without its data."""
    return build_from_config(config, None, model, {}, 0)[0]


class Blocks(Callback):
    """Callback that times blocks of steps.

    Args:
        steps: Steps in a block.
        before: Function called before each block with its index.
        skip: Number of first blocks that are not timed.
    """

    def __init__(self, steps: int, before: Callable[[int], None], skip: int = 0) -> None:
        self.steps, self.before, self.skip = steps, before, skip
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.block, self.last = -1, -1

    def on_train_batch_start(self, trainer: Trainer, *_: object) -> None:
        """Start a block when the last one is complete."""
        step = trainer.global_step
        if step == self.last or step % self.steps:
            return
        self.last = step
        self.close()
        self.block += 1
        self.before(self.block)
        self.began = time.perf_counter(), time.process_time()

    def on_train_end(self, *_: object) -> None:
        """Store the last block."""
        self.close()

    def close(self) -> None:
        """Store the seconds per step of the block that ends here."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if self.block >= self.skip:
            wall, cpu = self.began
            self.wall.append((time.perf_counter() - wall) / self.steps)
            self.cpu.append((time.process_time() - cpu) / self.steps)


class Message(Callback):
    """Callback that starts a block when a message arrives, and sends the times of the last one.

    Args:
        steps: Steps in a block.
        line: Connection to the benchmark's main process.
    """

    def __init__(self, steps: int, line: Connection) -> None:
        self.line = line
        self.blocks = Blocks(steps, self.begin)

    def begin(self, block: int) -> None:
        """Send the last times and wait for a message."""
        if block:
            self.line.send((self.blocks.wall[-1], self.blocks.cpu[-1]))
        self.line.recv()

    def on_train_batch_start(self, *given: Any) -> None:
        """Start a block when the last one is complete."""
        self.blocks.on_train_batch_start(*given)

    def on_train_end(self, trainer: Trainer, *given: Any) -> None:
        """Send the times of the last block."""
        self.blocks.on_train_end()
        self.line.send((self.blocks.wall[-1], self.blocks.cpu[-1]))


def block(lines: list[Connection]) -> tuple[float, float]:
    """Run a block in each process; return wall and CPU seconds per step of the slowest."""
    for line in lines:
        line.send("go")
    times = [line.recv() for line in lines]
    return max(t[0] for t in times), max(t[1] for t in times)


def spread(values: Sequence[float], form: str = ".3f") -> str:
    """Format median and range."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def quiet_trainer(device: str = "cpu", **more: Any) -> Trainer:
    """Return a Trainer that writes nothing."""
    silent: dict[str, Any] = {
        "accelerator": "cpu" if device == "cpu" else "gpu", "devices": 1, "logger": False, "max_epochs": -1,
        "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False,
        "num_sanity_val_steps": 0, "limit_val_batches": 0, "log_every_n_steps": 50,
    }  # fmt: skip
    return Trainer(**(silent | more))


def machine() -> str:
    """Return versions and processor, for the head of a table."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"torch {torch.__version__}, {names[0] if names else 'CPU'}"
