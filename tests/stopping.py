"""Interrupt a run at any minibatch, and compare its checkpoint with that of an uninterrupted run."""

import copy
import hashlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from model_factory import trainer
from pytorch_lightning import Callback
from torch import Tensor

from callbacks import Checkpoints, RNGState

# not compared: lengths of the run's files; Lightning's count of started epochs, one less after a stop between epochs
APART = (".written", ".loops.fit_loop.epoch_progress.total.ready", ".loops.fit_loop.epoch_progress.total.started",
         ".loops.fit_loop.epoch_progress.current.ready", ".loops.fit_loop.epoch_progress.current.started")  # fmt: skip


class SaveAt(Callback):
    """Callback that saves a checkpoint after each of some minibatches."""

    def __init__(self, batches: list[int], folder: Path) -> None:
        self.batches, self.folder = batches, folder

    def path(self, batch: int) -> Path:
        return self.folder / f"{batch}.ckpt"

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        seen = trainer.fit_loop.total_batch_idx + 1
        if seen in self.batches:
            trainer.save_checkpoint(self.path(seen), weights_only=False)


class Dice(Callback):
    """Callback that adds random numbers of Python and NumPy to D's first weight."""

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        with torch.no_grad():
            move = random.gauss(0, 1) + np.random.randn() + random.random() + np.random.rand()
            next(module.discriminator.parameters()).view(-1)[0] += 1e-4 * move


def fit(
    gan: Any, data: Any, folder: Path, steps: int, seed: int, *more: Callback, ckpt: Any = None
) -> Any:
    """Train a copy of a model with a seed.

    Args:
        gan: Model; unchanged.
        data: Data module; unchanged.
        folder: Folder of the run.
        steps: Updates of G.
        seed: Random seed of torch, Python and NumPy.
        more: More callbacks.
        ckpt: Checkpoint to resume from; None for a new run.

    Returns:
        Content of the last checkpoint.
    """
    gan, data = copy.deepcopy(gan), copy.deepcopy(data)
    for seeded in (torch.manual_seed, random.seed, np.random.seed):
        seeded(seed)
    watching = [RNGState(), Dice(), *more, Checkpoints(every_n_steps=10**6)]
    run = trainer(
        folder,
        max_steps=steps,
        callbacks=watching,
        enable_checkpointing=True,
        log_every_n_steps=10**6,
    )
    run.fit(gan, datamodule=data, ckpt_path=ckpt)
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


def scrambled(gan: Any) -> Any:
    """Return a copy of a model with every number changed, which only a checkpoint can restore."""
    gan = copy.deepcopy(gan)
    for tensor in gan.state_dict().values():
        tensor.copy_(~tensor if tensor.dtype == torch.bool else tensor + 1)
    return gan


def parts(state: Any, key: str = "") -> dict[str, str]:
    """Return the sha256 of each leaf of a checkpoint by dotted key."""
    if isinstance(state, dict):
        items = [(str(k), v) for k, v in state.items() if f"{key}.{k}" not in APART]
    elif isinstance(state, list | tuple):
        items = [(str(i), v) for i, v in enumerate(state)]
    else:
        exact = (
            state.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            if isinstance(state, Tensor)
            else repr(state).encode()
        )
        return {key: hashlib.sha256(exact).hexdigest()}
    return {path: digest for k, v in items for path, digest in parts(v, f"{key}.{k}").items()}
