"""Classes of real digits, read off their nearest samples: Radford et al. (2016), DCGAN, appendix, Table 3.

Samples of a class-conditional G are all the examples that a nearest-neighbour classifier has.
"""

from functools import partial
from typing import Any

import torch
from pytorch_lightning import LightningDataModule

from lightning_gan.bench.benchmark import Benchmark, Column, Game, Number, Published
from lightning_gan.bench.configured import configured
from lightning_gan.players import TwoPlayers
from lightning_gan.probes import nearest_neighbour_error

SAMPLES = 10_000
TABLE = "DCGAN Table 3"


def new(config: str, seed: int, steps: int, root: str) -> tuple[TwoPlayers, LightningDataModule]:
    """The config's game; its length changes nothing else."""
    return configured(config, None, {}, {"root": root}, seed)


def measure(game: TwoPlayers, data: LightningDataModule) -> dict[str, float]:
    """Errors on all test digits: of samples of all classes in turn, and of as many real training digits."""
    digits: Any = data
    test, wanted = digits.images("test"), digits.labels("test")
    made = torch.arange(SAMPLES) % digits.num_classes  # the classes that `sample` takes in turn
    real, real_labels = digits.images("train")[:SAMPLES], digits.labels("train")[:SAMPLES]
    return {
        "error": nearest_neighbour_error(game.sample(SAMPLES).cpu(), made, test, wanted),
        "real": nearest_neighbour_error(real, real_labels, test, wanted),
    }


NEAREST_NEIGHBOUR = Benchmark(
    name="nearest_neighbour",
    says="Of which class is a test digit, if all one has are samples by class?",
    ours=f"the config as it stands; {SAMPLES:,} samples, Euclidean distance of pixels, 10,000 test digits",
    theirs="conditional GAN and DCGAN, 50,000 samples; length not said",
    differs="networks, number of samples",
    steps=2500,
    published_steps=None,
    games=[
        Game(
            "conditional", "mnist_conditional_parzen.yaml", partial(new, "mnist_conditional_parzen.yaml"), 70,
            Published("GAN, 50,000 samples", TABLE, {"error": Number(6.28), "real": Number(3.1)}),
        ),
        Game(
            "acgan", "mnist_acgan.yaml", partial(new, "mnist_acgan.yaml"), 70,
            Published("DCGAN, 50,000 samples", TABLE, {"error": Number(2.98), "real": Number(3.1)}),
        ),
    ],
    columns=(
        Column("error", "error by samples (%)", 2, factor=100.0, better=min),
        Column("real", "by as many training digits (%)", 2, factor=100.0, better=min),
    ),
    measure=measure,
    looks=2,
)  # fmt: skip
