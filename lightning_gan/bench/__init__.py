"""Benchmarks of the GAN literature, one a file: what is run, beside what was published of it.

`BENCHMARKS` holds them by name; `python -m lightning_gan bench` runs them.
"""

from lightning_gan.bench.benchmark import Benchmark
from lightning_gan.bench.grid import GRID, GRID_PACGAN
from lightning_gan.bench.ring import RING, RING_PACGAN

BENCHMARKS: tuple[Benchmark, ...] = (RING, GRID, RING_PACGAN, GRID_PACGAN)
