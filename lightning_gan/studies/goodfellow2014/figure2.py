"""Figure 2: samples, and the nearest training example of the last one of each row; and how many of them are copies.

An image cannot fail, so there is a number: the share of samples that are a copy by the rule of Carlini et al. (2023),
nearest training example less than half as far as the 50 nearest on average. Held-out images are judged by the same
rule; the claim holds unless samples are copies more often than they, by more than `LIMIT` standard errors.
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
from lightning_gan.studies.goodfellow2014.cifar10 import PAIRS, cifar10_runs
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_one_run,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.studies.goodfellow2014.mnist_run import mnist_run
from lightning_gan.utils import images

ROWS, COLUMNS = 4, 5  # as in show_samples_mnist_paper.py and its like, of the released code
SEED = 0  # of the noise: its first samples are shown
SAMPLES = 1000
COPY = 0.5  # Carlini et al. (2023), section 5: alpha = .5, n = 50
LIMIT = 3.0

Run = Callable[[Setting, int], Path]


def beside_neighbours(x: Tensor, data: ImageData, columns: int = COLUMNS) -> Tensor:
    """Rows of samples, a gap, and the nearest training example of the last sample of each row.

    Nearest in the values that the networks see, as in the released code.

    Args:
        x: samples, [rows * columns, C, H, W].
        data: that they were learned from.
        columns: of samples.

    Returns:
        Bytes [3, H', W'].
    """
    shown = images.to_uint8(x, data.display_range).unflatten(0, (-1, columns))
    places = find_nearest(x[columns - 1 :: columns], data.images("train"))
    neighbours = data.uint8_images("train")[places][:, None]
    gap = torch.full_like(neighbours, 128)  # grey, as the grid's own
    rows = torch.cat([shown, gap, neighbours], dim=1).flatten(0, 1)
    return images.make_image_grid(rows, columns + 2, scale=2)


def copies(x: Tensor, sample_set: Tensor) -> float:
    """Share of x, [n, C, H, W], that are copies of examples of the sample set, [N, C, H, W]."""
    return (crowding(x, sample_set) < COPY).float().mean().item()


def no_more(samples: float, held_out: float, n: int) -> bool:
    """Whether two shares of n differ by chance at most, or the first is the smaller one."""
    variance = (samples * (1 - samples) + held_out * (1 - held_out)) / n
    return samples - held_out <= LIMIT * math.sqrt(variance)


def neighbours(run: Run, title: str, setting: Setting, claim: str) -> Finding:
    """Train, draw and count."""
    shares, held_out = [], 0.0
    image = setting.folder(claim) / f"{title.lower().replace(' ', '_')}.png"
    for seed in setting.seeds:
        folder = run(setting, seed)
        data = load_data(folder)
        sample_set, samples = (
            data.images("train"),
            load_model(folder).sample(SAMPLES, seed=SEED).cpu(),
        )
        if seed == setting.seeds[0]:
            images.save_image(beside_neighbours(samples[: ROWS * COLUMNS], data), image)
            held_out = copies(data.images("test")[:SAMPLES], sample_set)
        shares.append(copies(samples, sample_set))
    return Finding(
        f"{title}: copies among {SAMPLES:,} samples, %",
        "none: the model has not memorised",
        f"{format_over_seeds([100 * s for s in shares], 1)}; held-out images {100 * held_out:.1f}",
        Verdict.of(all(no_more(s, held_out, SAMPLES) for s in shares)),
        image,
        f"copy: nearest training example less than {COPY:g} times as far as the 50 nearest on average",
    )


def _mnist(setting: Setting) -> list[Finding]:
    return [neighbours(mnist_run, "MNIST", setting, "figure2")]


def _tfd(setting: Setting) -> list[Finding]:
    """Not run, in the data module's own words, where the file is missing."""
    data = TFD(setting.root)
    data.prepare_data()

    def stacked(setting: Setting, seed: int) -> Path:
        return table1_tfd.both_stages(replace(setting, seeds=(seed,)), data).parents[1]

    return [neighbours(stacked, "TFD", setting, "figure2_tfd")]


def _cifar10(setting: Setting) -> list[Finding]:
    def of(kind: str) -> Run:
        return lambda setting, seed: cifar10_runs(setting, seed)[kind]

    return [neighbours(of(kind), f"CIFAR-10 {kind}", setting, "figure2_cifar10") for kind in PAIRS]


SAYS = "{}: samples differ from the nearest training examples, which stand in the right-most column"
# the run of mnist_parzen.yaml is counted here alone, though other claims look at it too
CLAIM = Claim(
    "figure2",
    "fig. 2a",
    SAYS.format("MNIST"),
    _mnist,
    seconds=10.0,
    quick_seconds=6.0,
    mnist_runs=count_one_run,
)
FACES = Claim(  # where the file is missing: it is not public, and training takes days on a CPU, which is said then
    "figure2_tfd", "fig. 2b", SAYS.format("TFD"), _tfd, seconds=5.0
)
CIFAR10 = Claim(  # the runs of `cifar10`
    "figure2_cifar10", "fig. 2c, 2d", SAYS.format("CIFAR-10"), _cifar10, seconds=2040.0
)
