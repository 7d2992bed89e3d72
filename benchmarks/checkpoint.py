"""Measure the time of a checkpoint relative to the training time between two checkpoints.

    python benchmarks/checkpoint.py [--rounds 10] [--steps 10] [--root DIR]

Trains mnist_parzen.yaml, one thread. Each round times some steps and then one checkpoint, so that the load of the
machine is the same; the share is the median over rounds of seconds(checkpoint) / (1000 * seconds(step)). A checkpoint
includes all of its work: flushing rows, gathering the state, writing, syncing, renaming and linking the file, and
removing the oldest one.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from pytorch_lightning import Callback, Trainer
from torch import Tensor
from torch.optim import Adam

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import callbacks
from lightning_gan import GAN
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import MaxoutDiscriminator, UpsampledMLPGenerator
from lightning_gan.priors import Gaussian
from lightning_gan.tracking.metrics_csv import MetricsLogger

MNIST, M = [1, 28, 28], 100
INTERVAL = 1000  # configs/defaults.yaml


class Batches:
    """Loader of minibatches from a tensor in memory."""

    def __init__(self) -> None:
        self.x = torch.rand(50 * M, *MNIST)

    def __len__(self) -> int:
        return 50

    def __iter__(self) -> Iterator[list[Tensor]]:
        for x in self.x.split(M):
            yield [x, x[:, 0, 0, 0]]


class Rounds(Callback):
    """Callback that times some steps, then a checkpoint, repeatedly."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.keeps = callbacks.Checkpoints()
        self.training: list[float] = []
        self.saving: list[float] = []

    def on_train_start(self, trainer: Trainer, pl_module: GAN) -> None:
        self.keeps.setup(trainer, pl_module, "fit")
        self.last, self.since = 0, time.perf_counter()

    def on_train_batch_end(self, trainer: Trainer, pl_module: GAN, *_: object) -> None:
        if trainer.global_step == self.last or trainer.global_step % self.steps:
            return
        now = time.perf_counter()
        self.training.append((now - self.since) / self.steps)
        self.keeps.save(trainer)
        self.saving.append(time.perf_counter() - now)
        self.last, self.since = trainer.global_step, time.perf_counter()


def network() -> GAN:
    """Return the model of mnist_parzen.yaml."""
    return GAN(
        UpsampledMLPGenerator(MNIST, coarse=[14, 14], z_dim=8, widths=[512, 512]),
        MaxoutDiscriminator(MNIST, input_dropout=0.0, dropout=0.0, noise=0.45, irange=None),
        NonSaturating(), Gaussian(), k=2, ema_half_life=70_000,
        d_optimizer=lambda p: Adam(p, lr=2e-3, betas=(0.5, 0.99), fused=True),
        g_optimizer=lambda p: Adam(p, lr=2e-3, betas=(0.5, 0.99), fused=True),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--root", help="where to write; the system's folder for temporary files")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    filter_logs()
    rounds = Rounds(asked.steps)
    with tempfile.TemporaryDirectory(dir=asked.root) as folder:
        Trainer(
            max_steps=asked.steps * (asked.rounds + 1), max_epochs=-1, accelerator="cpu", devices=1,
            logger=MetricsLogger(folder, "run"), callbacks=[rounds], enable_progress_bar=False,
            enable_model_summary=False, enable_checkpointing=False,
        ).fit(network(), Batches())  # fmt: skip
        size = rounds.keeps.saved[-1].stat().st_size
    times = list(zip(rounds.training[1:], rounds.saving[1:], strict=True))  # the first warms up
    shares = sorted(saving / (INTERVAL * step) for step, saving in times)
    step, saving = (statistics.median(t[i] for t in times) for i in (0, 1))
    print(f"{len(times)} rounds; a file of {size / 1e6:.1f} MB")
    print(f"a step        {1e3 * step:8.1f} ms")
    print(f"a checkpoint  {1e3 * saving:8.1f} ms, {saving / step:.1f} steps")
    print(
        f"at one in {INTERVAL} steps: {100 * statistics.median(shares):.2f} % of the training time"
    )
    print(f"              (from {100 * shares[0]:.2f} to {100 * shares[-1]:.2f} % over the rounds)")


if __name__ == "__main__":
    main()
