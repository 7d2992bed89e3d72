"""Measure seconds per step with each speed option, in alternation.

    python benchmarks/options.py [--device cpu|cuda] [--rounds 8] [--steps 10]

Each option has its own process with one thread (CPU); one process runs at a time. A round is a block of steps of each
process; the first blocks, which compile the networks, are not counted. Ratios are relative to the plain run of the same
round, as medians over rounds with their range; below 1 is faster.
"""

import argparse
import os
import statistics
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import torch
from rounds import Batches, Message, block, machine, model, quiet_trainer, spread
from torch.optim import Adam

from callbacks import TorchCompile
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.models.base import AdversarialModel

SIZES = {
    "data_shape": [3, 32, 32],
    "width": 16,
}  # the sizes in the config take eight seconds a step
NARROW = {
    "generator": {"class_path": "DCGANGenerator", "init_args": SIZES},
    "discriminator": {"class_path": "DCGANDiscriminator", "init_args": SIZES},
}
MODELS: dict[
    str, tuple[str, int, dict[str, Any]]
] = {  # config, examples in a minibatch, other arguments
    "mnist_parzen.yaml": ("mnist_parzen.yaml", 100, {}),
    "DCGAN of width 16": ("cifar10_dcgan.yaml", 64, NARROW),
}
OPTIONS = ("plain", "fused", "compiled", "bf16-mixed", "channels_last", "graphs")


def networks(name: str, fused: bool) -> AdversarialModel:
    """Return a model with fused or plain Adam."""
    config, _, more = MODELS[name]
    adam = partial(Adam, lr=2e-4, betas=(0.5, 0.999), fused=fused)
    made = model(config, **more)
    made.make_optimizers = (adam, adam)
    return made


def train(name: str, option: str, asked: argparse.Namespace, line: Connection) -> None:
    """Train a model with one option, in its own process."""
    filter_logs()
    torch.set_num_threads(1)
    made = networks(name, option == "fused")
    message = Message(asked.steps, line)
    more: dict[str, Any] = {"callbacks": [message]}
    if option in ("compiled", "graphs"):
        more["callbacks"].append(TorchCompile(graphs=option == "graphs"))
    if option == "bf16-mixed":
        more["precision"] = option
    if option == "channels_last":
        made = made.to(memory_format=torch.channels_last)
    batches = Batches(made.generator.data_shape, MODELS[name][1], asked.device)
    quiet_trainer(asked.device, max_steps=asked.steps * (asked.rounds + 1), **more).fit(
        made, batches
    )


def measured(name: str, options: tuple[str, ...], asked: argparse.Namespace) -> None:
    """Print the table of one model."""
    context = get_context("spawn")
    lines, processes = [], []
    for option in options:
        here, there = context.Pipe()
        processes.append(context.Process(target=train, args=(name, option, asked, there)))
        processes[-1].start()
        lines.append(here)
        block([here])
    rounds = [[block([line]) for line in lines] for _ in range(asked.rounds)]
    for process in processes:
        process.join()
    print(f"{name}, {MODELS[name][1]} examples, load {os.getloadavg()[0]:.1f}")
    for i, option in enumerate(options):
        wall, cpu = (spread([row[i][j] / row[0][j] for row in rounds]) for j in (0, 1))
        step = 1e3 * statistics.median(row[i][0] for row in rounds)
        print(f"  {option:14} {step:8.2f} ms  wall {wall}  CPU {cpu}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    asked = parser.parse_args()
    print(f"{asked.rounds} rounds of {asked.steps} steps, {asked.device}; {machine()}")
    for name in MODELS:
        options = OPTIONS[: 6 if asked.device == "cuda" else 5]
        if name == "mnist_parzen.yaml":  # no maps
            options = tuple(o for o in options if o != "channels_last")
        measured(name, options, asked)


if __name__ == "__main__":
    main()
