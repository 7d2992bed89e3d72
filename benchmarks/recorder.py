"""Measure the overhead of the flight recorder: steps of one run with and without it, in alternation.

    python benchmarks/recorder.py [--config mnist_parzen.yaml] [--rounds 10] [--steps 50]

A round is a block of steps without the recorder and one with it, in alternating order. A block is a logging interval,
so each block with the recorder starts with a new recording. Two measures: the ratio of the two blocks of a round, and
the share of a block inside of the recorder's hooks. The share depends less on the load of the machine, but misses the
recorder's effect on caches. Medians over rounds, and their range.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from pytorch_lightning import Callback
from rounds import Batches, Blocks, machine, model, quiet_trainer, spread

import callbacks
from lightning_gan.cli.log_filter import filter_logs


class Switched(Callback):
    """Flight recorder that can be switched off."""

    def __init__(self) -> None:
        self.recorder, self.on = callbacks.FlightRecorder(), False
        self.inside: list[float] = []  # CPU seconds of each block

    def timed(self, hook: Callable[..., None], *given: object) -> None:
        if self.on:
            began = time.process_time()
            hook(*given)
            self.inside[-1] += time.process_time() - began

    def on_train_batch_start(self, *given: object) -> None:
        self.timed(self.recorder.on_train_batch_start, *given)

    def on_before_backward(self, *given: object) -> None:
        self.timed(self.recorder.on_before_backward, *given)

    def on_train_batch_end(self, *given: object) -> None:
        self.timed(self.recorder.on_train_batch_end, *given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="mnist_parzen.yaml")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--m", type=int, default=100, help="examples in a minibatch")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    filter_logs()
    switch = Switched()

    def before(block: int) -> None:
        switch.on = (block % 4) in (1, 2)  # without, with, with, without
        switch.inside.append(0.0)

    blocks = Blocks(asked.steps, before, skip=4)
    networks = model(asked.config)
    quiet_trainer(
        max_steps=asked.steps * (2 * asked.rounds + 4), log_every_n_steps=asked.steps,
        callbacks=[blocks, switch],
    ).fit(networks, Batches(networks.generator.data_shape, asked.m))  # fmt: skip
    print(f"{asked.config}: {asked.rounds} rounds of two times {asked.steps} steps, 1 thread")
    print(machine())
    for name, times in (("wall", blocks.wall), ("CPU", blocks.cpu)):
        pairs = [times[i : i + 2] for i in range(0, len(times), 2)]
        pairs = [pair if i % 2 == 0 else pair[::-1] for i, pair in enumerate(pairs)]
        off = 1e3 * statistics.median(pair[0] for pair in pairs)
        ratios = spread([b / a for a, b in pairs])
        print(f"{name:4}  a step without {off:7.2f} ms; ratio with it {ratios}")
    own = switch.inside[4:]
    shares = [100 * a / (asked.steps * b) for a, b in zip(own, blocks.cpu, strict=True) if a]
    each = 1e3 * statistics.median(a for a in own if a) / asked.steps
    print(f"inside of it {each:.3f} ms: {spread(shares, '.2f')} % of the CPU time of a step")


if __name__ == "__main__":
    main()
