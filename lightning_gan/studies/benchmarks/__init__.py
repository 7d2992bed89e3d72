"""Benchmarks of the GAN literature, one in each file, with the published results.

`BENCHMARKS` lists them in order of cost; `python -m lightning_gan benchmark` runs them.
"""

from lightning_gan.studies.benchmarks.benchmark import Benchmark
from lightning_gan.studies.benchmarks.features import FEATURES
from lightning_gan.studies.benchmarks.few_images import FEW_IMAGES
from lightning_gan.studies.benchmarks.grid import GRID, GRID_PACGAN
from lightning_gan.studies.benchmarks.nearest_neighbour import NEAREST_NEIGHBOUR
from lightning_gan.studies.benchmarks.ring import RING, RING_PACGAN
from lightning_gan.studies.benchmarks.semi_supervised import SEMI_SUPERVISED
from lightning_gan.studies.benchmarks.stacked_mnist import STACKED_MNIST
from lightning_gan.studies.benchmarks.stacked_mnist_small import STACKED_MNIST_SMALL
from lightning_gan.studies.benchmarks.unpaired_digits import UNPAIRED_DIGITS

BENCHMARKS: tuple[Benchmark, ...] = (
    RING, GRID, UNPAIRED_DIGITS, NEAREST_NEIGHBOUR, FEW_IMAGES, FEATURES, SEMI_SUPERVISED, STACKED_MNIST_SMALL,
    RING_PACGAN, GRID_PACGAN, STACKED_MNIST,
)  # fmt: skip
