"""MNIST with 100 labels: Salimans et al. (2016), "Improved techniques for training GANs", Table 1."""

from functools import partial
from typing import Any

from pytorch_lightning import LightningDataModule

from lightning_gan.bench.benchmark import Benchmark, Column, Game, Number, Published
from lightning_gan.bench.configured import configured
from lightning_gan.players import TwoPlayers

CONFIG = "mnist_semi_supervised.yaml"
SALIMANS = Published(
    "Feature matching", "Salimans et al. Table 1", {"errors": Number(93, 6.5)}
)  # as printed, over 10 draws of the labels


def new(kind: str, seed: int, steps: int, root: str) -> tuple[TwoPlayers, LightningDataModule]:
    """The config's game with labels drawn by the seed; its length changes nothing else."""
    return configured(CONFIG, kind, {"labels_seed": seed}, {"root": root}, seed)


def measure(game: TwoPlayers, data: LightningDataModule) -> dict[str, float]:
    """Errors of 10,000 test digits; where there are fewer, of as many in proportion."""
    classifier: Any = game
    digits: Any = data
    x, y = digits.images("test"), digits.labels("test")
    wrong = (classifier.classify(x).cpu() != y).sum().item()
    return {"errors": 10_000 * wrong / len(y)}


SEMI_SUPERVISED = Benchmark(
    name="semi_supervised",
    says="How many test digits does D name wrongly that saw 100 labels?",
    ours=f"{CONFIG}: 100 labels drawn with the run's seed, 50,000 training digits, D's average classifies",
    theirs="the same players with 60,000 training digits, 300 epochs; 10 draws of the labels, ± as printed",
    differs="training digits",
    steps=10_000,
    published_steps=180_000,
    games=[
        Game(
            "feature_matching", "FeatureMatchingGAN", partial(new, "FeatureMatchingGAN"), 60, SALIMANS
        ),
        Game("sgan", "SemiSupervisedGAN, NonSaturating", partial(new, "SemiSupervisedGAN"), 60),
    ],
    columns=(Column("errors", "errors of 10,000", 1, better=min),),
    measure=measure,
)  # fmt: skip
