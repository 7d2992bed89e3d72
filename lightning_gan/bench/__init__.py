"""Benchmarks of the GAN literature, one a file: what is run, beside what was published of it.

`BENCHMARKS` holds them in order of their cost; `python -m lightning_gan benchmark` runs them.
"""

from lightning_gan.bench.benchmark import Benchmark
from lightning_gan.bench.features import FEATURES
from lightning_gan.bench.few_pictures import FEW_PICTURES
from lightning_gan.bench.grid import GRID, GRID_PACGAN
from lightning_gan.bench.nearest_neighbour import NEAREST_NEIGHBOUR
from lightning_gan.bench.ring import RING, RING_PACGAN
from lightning_gan.bench.semi_supervised import SEMI_SUPERVISED
from lightning_gan.bench.stacked_mnist import STACKED_MNIST
from lightning_gan.bench.stacked_mnist_small import STACKED_MNIST_SMALL

BENCHMARKS: tuple[Benchmark, ...] = (
    RING, GRID, NEAREST_NEIGHBOUR, FEW_PICTURES, FEATURES, SEMI_SUPERVISED, STACKED_MNIST_SMALL, RING_PACGAN,
    GRID_PACGAN, STACKED_MNIST,
)  # fmt: skip
