"""D's features under a linear machine: Radford et al. (2016), DCGAN, section 5.1 and Table 1."""

from functools import partial
from typing import Any

from pytorch_lightning import LightningDataModule

from lightning_gan.bench.benchmark import Benchmark, Column, Game, Number, Published
from lightning_gan.bench.configured import configured
from lightning_gan.few_labels import reinitialised
from lightning_gan.players import TwoPlayers
from lightning_gan.probes import pooled_features, svm_error

LABELLED, TESTED = 5_000, 2_000


def new(config: str, seed: int, steps: int, root: str) -> tuple[TwoPlayers, LightningDataModule]:
    """The config's game; its length changes nothing else."""
    return configured(config, None, {}, {"root": root}, seed)


def measure(game: TwoPlayers, data: LightningDataModule) -> dict[str, float]:
    """Share of test pictures named rightly from D's pooled features, and from those of a D that never played."""
    pictures: Any = data
    x, y = pictures.images("train")[:LABELLED], pictures.labels("train")[:LABELLED]
    test, wanted = pictures.images("test")[:TESTED], pictures.labels("test")[:TESTED]
    return {
        name: 1 - svm_error(pooled_features(D, x), y, pooled_features(D, test), wanted, c=1e-3)
        for name, D in (
            ("right", game.discriminator),
            ("untrained", reinitialised(game.discriminator, seed=0)),
        )
    }


FEATURES = Benchmark(
    name="features",
    says="Which class is a picture of, by a linear machine on D's features?",
    ours=(
        f"cifar10_smoke.yaml: DCGAN's pair of width 32; all convolutions pooled to 4 x 4; machine of {LABELLED:,} "
        f"labelled pictures, C 0.001, {TESTED:,} test pictures"
    ),
    theirs="DCGAN trained on ImageNet-1k, 28,672 features, 50,000 labelled pictures, 10,000 test pictures",
    differs="training pictures of the game, width, labelled pictures",
    steps=700,
    published_steps=None,
    games=[
        Game(
            "dcgan", "cifar10_smoke.yaml", partial(new, "cifar10_smoke.yaml"), 400,
            Published("DCGAN + L2-SVM", "DCGAN Table 1", {"right": Number(82.8)}),
        ),
    ],
    columns=(
        Column("right", "right (%)", 1, factor=100.0),
        Column("untrained", "untrained D (%)", 1, factor=100.0),
    ),
    measure=measure,
    looks=1,
)  # fmt: skip
