"""Compare a step of `fit` with the same computation in a bare PyTorch loop, interleaved in one run.

    python benchmarks/overhead.py [--threads 1] [--rounds 5] [--device cpu]

`fit` runs with metrics.csv, progress lines, checkpoints and sample callbacks at their usual intervals. The bare loop
has neither logging nor callbacks. Both use the same minibatches. Ratios are medians over rounds; a round times both,
one after the other.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import torch
from pytorch_lightning import Callback, Trainer, seed_everything
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor
from torch.nn.functional import softplus
from torch.optim import Adam

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import callbacks
from lightning_gan import GAN
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import MaxoutDiscriminator, MLPGenerator
from lightning_gan.priors import Uniform

MNIST, M = [1, 28, 28], 100
PAIRS: dict[str, Callable[[], tuple]] = {
    "the pair of 2014": lambda: (MLPGenerator(MNIST), MaxoutDiscriminator(MNIST)),
    "a tenth of it": lambda: (
        MLPGenerator(MNIST, widths=[240, 240]),
        MaxoutDiscriminator(MNIST, widths=[28, 28]),
    ),
}


class Batches:
    """Loader of minibatches from a tensor in memory."""

    def __init__(self, device: str) -> None:
        self.x = torch.rand(50 * M, *MNIST, device=device)

    def __len__(self) -> int:
        return 50

    def __iter__(self) -> Iterator[list[Tensor]]:
        for x in self.x.split(M):
            yield [x, x[:, 0, 0, 0]]


class Clock(Callback):
    """Callback that times the steps after the warm-up."""

    def __init__(self, warm: int, device: str) -> None:
        self.warm, self.device = warm, device

    def now(self) -> float:
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def on_train_batch_start(self, trainer: Trainer, *_: object) -> None:
        if trainer.global_step == self.warm:
            self.start = self.now()

    def on_train_end(self, trainer: Trainer, *_: object) -> None:
        self.seconds = (self.now() - self.start) / (trainer.global_step - self.warm)


def fit(pair: tuple, batches: Batches, steps: int, warm: int, device: str) -> float:
    """Measure seconds per step of `fit`."""
    clock = Clock(warm, device)
    usual = [
        callbacks.Progress(seconds=1),
        callbacks.RNGState(),
        callbacks.SampleGrid(every_n_steps=500),
        callbacks.TrainingCurves(),
        callbacks.Checkpoints(every_n_steps=1000),
    ]
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        trainer = Trainer(
            accelerator="cpu" if device == "cpu" else "gpu", devices=1, max_steps=steps + warm, max_epochs=-1,
            logger=CSVLogger(folder), callbacks=[clock, *usual], enable_model_summary=False, log_every_n_steps=50,
            limit_val_batches=0,
        )  # fmt: skip
        adam = {"d_optimizer": plain_adam, "g_optimizer": plain_adam}
        trainer.fit(GAN(*pair, NonSaturating(), Uniform(), **adam), batches)
    return clock.seconds


def plain_adam(params: object) -> Adam:
    """Return the optimizer of both loops."""
    return Adam(params, lr=2e-4, betas=(0.5, 0.999))


def bare(pair: tuple, batches: Batches, steps: int, warm: int, device: str) -> float:
    """Measure seconds per step of the bare loop."""
    G, D = (network.to(device) for network in pair)
    clock = Clock(warm, device)
    d_opt, g_opt = plain_adam(D.parameters()), plain_adam(G.parameters())
    done = 0
    while True:
        for x, _ in batches:
            if done == warm:
                start = clock.now()
            if done == steps + warm:
                return (clock.now() - start) / steps
            with torch.no_grad():
                x_fake = G(noise(len(x), G.z_dim, device))
            d_loss = softplus(-D(x)).mean() + softplus(D(x_fake)).mean()
            d_opt.zero_grad()
            d_loss.backward()
            d_opt.step()
            for p in D.parameters():
                p.requires_grad_(False)
            g_loss = softplus(-D(G(noise(len(x), G.z_dim, device)))).mean()
            g_opt.zero_grad()
            g_loss.backward()
            g_opt.step()
            for p in D.parameters():
                p.requires_grad_(True)
            done += 1


def noise(m: int, z_dim: int, device: str) -> Tensor:
    """Draw noise from the uniform prior of the paper."""
    return torch.empty(m, z_dim, device=device).uniform_(-(3**0.5), 3**0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    filter_logs()
    batches = Batches(args.device)
    print(
        f"{args.rounds} rounds of {args.steps} steps, {args.threads} thread(s), {args.device}, "
        f"torch {torch.__version__}"
    )
    for name, make in PAIRS.items():
        rounds = []
        for seed in range(args.rounds):
            times = []
            for loop in (bare, fit):
                seed_everything(seed, verbose=False)
                times.append(loop(make(), batches, args.steps, 20, args.device))
            rounds.append(times)
        ratios = sorted(ours / theirs for theirs, ours in rounds)
        theirs, ours = (statistics.median(t) * 1e3 for t in zip(*rounds, strict=True))
        spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}"
        print(
            f"{name}: bare {theirs:.2f} ms, fit {ours:.2f} ms per step, "
            f"ratio {statistics.median(ratios):.3f} ({spread})",
            flush=True,
        )


if __name__ == "__main__":
    main()
