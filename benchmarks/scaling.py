"""Measure weak scaling: the same minibatch size per process, on one process and on two connected by gloo.

    python benchmarks/scaling.py [--config mnist_parzen.yaml] [--rounds 8] [--steps 10] [--m 100]

Uses four processes of one thread each. In each round, one trains a block of steps alone; then two train independent
models at the same time; then the other two train one model together; the rest wait. Efficiency is the seconds of a step
alone divided by those of two processes, at best 1, as a median over rounds. The loss of two independent models is due
to the machine (caches, memory, other load); the rest is the cost of synchronization. CPU time counts the work of each
process, wall time also its waiting.
"""

import argparse
import os
import statistics
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import torch
from rounds import Batches, Message, block, machine, model, quiet_trainer, spread

from callbacks import RNGState
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.distributed.strategy import AdversarialDDPStrategy


def train(rank: int, world: int, times: int, asked: argparse.Namespace, line: Connection) -> None:
    """Train in one process, alone or as one of two, a number of blocks in each round."""
    filter_logs()
    torch.set_num_threads(1)
    more: dict[str, Any] = {}
    if world > 1:
        os.environ |= {"LOCAL_RANK": str(rank), "NODE_RANK": "0", "WORLD_SIZE": str(world)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(asked.port)}
        more = {"devices": world, "strategy": AdversarialDDPStrategy()}
    networks = model(asked.config)
    quiet_trainer(
        max_steps=times * asked.steps * (asked.rounds + 1), callbacks=[Message(asked.steps, line), RNGState()], **more
    ).fit(networks, Batches(networks.generator.data_shape, asked.m))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="mnist_parzen.yaml")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--m", type=int, default=100, help="examples for each process")
    parser.add_argument("--port", type=int, default=29511)
    asked = parser.parse_args()
    context, lines, processes = get_context("spawn"), [], []
    for rank, world, times in ((0, 1, 2), (1, 1, 1), (0, 2, 1), (1, 2, 1)):
        here, there = context.Pipe()
        process = context.Process(target=train, args=(rank, world, times, asked, there))
        process.start()
        lines.append(here)
        processes.append(process)
    rounds = [
        (block(lines[:1]), block(lines[:2]), block(lines[2:])) for _ in range(asked.rounds + 1)
    ]
    for process in processes:
        process.join()
    print(
        f"{asked.config}: {asked.rounds} rounds of {asked.steps} steps, {asked.m} examples and 1 thread a process"
    )
    print(f"{machine()}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for i, name in enumerate(("wall", "CPU")):
        times = [[who[i] for who in row] for row in rounds[1:]]
        alone, apart, together = (1e3 * statistics.median(t) for t in zip(*times, strict=True))
        lost, all_ = (spread([row[0] / row[who] for row in times]) for who in (1, 2))
        rest = spread([row[1] / row[2] for row in times])
        print(
            f"{name}: a step alone {alone:.1f} ms, of two apart {apart:.1f}, of two together {together:.1f}"
        )
        print(f"  efficiency {all_}; of two apart {lost}; together to apart {rest}")


if __name__ == "__main__":
    main()
