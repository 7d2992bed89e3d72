"""Figure 2: samples with the nearest training image of the last one in each row, and the share of copies.

Copies are found by the rule of Carlini et al. (2023): the distance to the nearest training image is less than half of
the mean distance to the 50 nearest. The claim holds unless the share of copies among samples exceeds that among
held-out images by more than `LIMIT` standard errors.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from datamodules import TFD, ImageData
from lightning_gan.metrics.memorisation import crowding
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.studies.goodfellow2014 import table1_tfd
from lightning_gan.studies.goodfellow2014.cifar10 import PAIRS, train_or_find_cifar10
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_one_run,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.studies.goodfellow2014.mnist_run import train_or_find_mnist
from lightning_gan.utils import images

ROWS, COLUMNS = 4, 5  # as in show_samples_mnist_paper.py of the released code
SEED = 0  # of the noise
SAMPLES = 1000
COPY = 0.5  # Carlini et al. (2023), section 5: alpha = .5, n = 50
LIMIT = 3.0

RunFinder = Callable[[Setting, int], Path]


def draw_with_neighbours(x: Tensor, data: ImageData, columns: int = COLUMNS) -> Tensor:
    """Draw rows of samples, each with the nearest training image of its last sample.

    Distances are between the values that the networks see, as in the released code.

    Args:
        x: Samples, [rows * columns, C, H, W].
        data: Training data.
        columns: Samples in a row.

    Returns:
        Bytes [3, H', W'].
    """
    shown = images.to_uint8(x, data.display_range).unflatten(0, (-1, columns))
    indices = find_nearest(x[columns - 1 :: columns], data.images("train"))
    neighbours = data.uint8_images("train")[indices][:, None]
    gap = torch.full_like(neighbours, 128)  # grey, the colour of the grid
    rows = torch.cat([shown, gap, neighbours], dim=1).flatten(0, 1)
    return images.make_image_grid(rows, columns + 2, scale=2)


def measure_copies(x: Tensor, train: Tensor) -> float:
    """Compute the share of images x, [n, C, H, W], that are copies of training images, [N, C, H, W]."""
    return (crowding(x, train) < COPY).float().mean().item()


def is_no_higher(samples: float, held_out: float, n: int) -> bool:
    """Return whether the share among n samples exceeds that among n held-out images by at most `LIMIT` errors."""
    variance = (samples * (1 - samples) + held_out * (1 - held_out)) / n
    return samples - held_out <= LIMIT * math.sqrt(variance)


def judge_copies(find_run: RunFinder, title: str, setting: Setting, claim: str) -> Finding:
    """Train or find the runs of all seeds, draw the first one, and judge the share of copies."""
    shares, held_out = [], 0.0
    image = setting.make_folder(claim) / f"{title.lower().replace(' ', '_')}.png"
    for seed in setting.seeds:
        folder = find_run(setting, seed)
        data = load_data(folder)
        train, samples = data.images("train"), load_model(folder).sample(SAMPLES, seed=SEED).cpu()
        if seed == setting.seeds[0]:
            images.save_image(draw_with_neighbours(samples[: ROWS * COLUMNS], data), image)
            held_out = measure_copies(data.images("test")[:SAMPLES], train)
        shares.append(measure_copies(samples, train))
    return Finding(
        f"{title}: copies among {SAMPLES:,} samples, %",
        "none: no memorisation (criterion: not above held-out images)",
        f"{format_over_seeds([100 * s for s in shares], 1)}; held-out images {100 * held_out:.1f}",
        Verdict.from_bool(all(is_no_higher(s, held_out, SAMPLES) for s in shares)),
        image,
        f"copy: distance to the nearest training image below {COPY:g} times the mean of the 50 nearest",
    )


def _mnist(setting: Setting) -> list[Finding]:
    return [judge_copies(train_or_find_mnist, "MNIST", setting, "figure2")]


def _tfd(setting: Setting) -> list[Finding]:
    """Judge samples of the TFD model; the data module raises an error if the file is missing."""
    data = TFD(setting.root)
    data.prepare_data()

    def stacked(setting: Setting, seed: int) -> Path:
        return table1_tfd.train_both_stages(replace(setting, seeds=(seed,)), data).parents[1]

    return [judge_copies(stacked, "TFD", setting, "figure2_tfd")]


def _cifar10(setting: Setting) -> list[Finding]:
    def of(kind: str) -> RunFinder:
        return lambda setting, seed: train_or_find_cifar10(setting, seed)[kind]

    return [
        judge_copies(of(kind), f"CIFAR-10 {kind}", setting, "figure2_cifar10") for kind in PAIRS
    ]


STATEMENT = "{}: samples differ from the nearest training images, shown in the right-most column"
CLAIM = Claim(
    "figure2",
    "fig. 2a",
    STATEMENT.format("MNIST"),
    _mnist,
    seconds=10.0,
    quick_seconds=6.0,
    mnist_runs=count_one_run,
)
FACES = Claim(  # the seconds without the file, which is not public; training takes days on a CPU
    "figure2_tfd", "fig. 2b", STATEMENT.format("TFD"), _tfd, seconds=5.0
)
CIFAR10 = Claim(  # the runs of `cifar10`
    "figure2_cifar10", "fig. 2c, 2d", STATEMENT.format("CIFAR-10"), _cifar10, seconds=2040.0
)
