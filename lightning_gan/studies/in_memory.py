"""Training of small models in memory, without run folder, logger or output."""

import logging
import warnings
from collections.abc import Sequence

import torch
from pytorch_lightning import (
    Callback,
    LightningDataModule,
    LightningModule,
    Trainer,
    seed_everything,
)


def train_in_memory(
    model: LightningModule,
    data: LightningDataModule,
    steps: int,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train a model in place on the CPU, without output.

    Call `seed_single_thread` before the model is built, so that its initial weights depend on the seed.

    Args:
        model: Model to train.
        data: Training data.
        steps: Number of updates of G.
        callbacks: Callbacks of the trainer.
    """
    lightning = logging.getLogger("pytorch_lightning")
    level = lightning.level
    lightning.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Lightning's advice on loaders, loggers and workers
            trainer = Trainer(
                accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
                enable_model_summary=False, max_steps=steps, max_epochs=-1, limit_val_batches=0, num_sanity_val_steps=0,
                log_every_n_steps=max(1, steps // 200), callbacks=list(callbacks),
            )  # fmt: skip
            trainer.fit(model, data)
    finally:
        lightning.setLevel(level)


def seed_single_thread(seed: int) -> None:
    """Seed torch, NumPy and Python, and limit torch to one thread, which makes results reproducible."""
    seed_everything(seed, verbose=False)
    torch.set_num_threads(1)
