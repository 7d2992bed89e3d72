"""MNIST with 100 labels: Salimans et al. (2016), "Improved techniques for training GANs", Table 1."""

from functools import partial
from typing import Any

from pytorch_lightning import LightningDataModule

from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.configured import build_from_config

CONFIG = "mnist_semi_supervised.yaml"
SALIMANS = PublishedRow(
    "Feature matching", "Salimans et al. Table 1", {"errors": PublishedNumber(93, 6.5)}
)  # as printed, over 10 draws of the labels


def make_semi_supervised_model(
    kind: str, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build the config's model with labels drawn by the seed; `steps` has no effect."""
    return build_from_config(CONFIG, kind, {"labels_seed": seed}, {"root": root}, seed)


def measure_semi_supervised(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Count the classification errors of the test digits, scaled to 10,000 digits."""
    classifier: Any = model
    digits: Any = data
    x, y = digits.images("test"), digits.labels("test")
    wrong = (classifier.classify(x).cpu() != y).sum().item()
    return {"errors": 10_000 * wrong / len(y)}


SEMI_SUPERVISED = Benchmark(
    name="semi_supervised",
    question="How many test digits does D misclassify after training with 100 labels?",
    setup=f"{CONFIG}: 100 labels drawn with the run's seed, 50,000 training digits, EMA of D",
    published_setup="the same networks with 60,000 training digits, 300 epochs; 10 draws of the labels, ± as printed",
    differences="training digits",
    steps=10_000,
    published_steps=180_000,
    models=[
        BenchmarkModel(
            "feature_matching", "FeatureMatchingGAN", partial(make_semi_supervised_model,
            "FeatureMatchingGAN"), 60, SALIMANS
        ),
        BenchmarkModel("sgan", "SemiSupervisedGAN, NonSaturating", partial(make_semi_supervised_model,
        "SemiSupervisedGAN"), 60),
    ],
    columns=(BenchmarkColumn("errors", "errors of 10,000", 1, better=min),),
    measure=measure_semi_supervised,
)  # fmt: skip
