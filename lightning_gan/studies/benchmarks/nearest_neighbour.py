"""Classes of real digits, read off their nearest samples: Radford et al. (2016), DCGAN, appendix, Table 3.

Samples of a class-conditional G are all the examples that a nearest-neighbour classifier has.
"""

from functools import partial
from typing import Any

import torch
from pytorch_lightning import LightningDataModule

from lightning_gan.analysis.probes import compute_nearest_neighbour_error
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.configured import build_from_config

SAMPLES = 10_000
TABLE = "DCGAN Table 3"


def make_neighbour_model(
    config: str, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """The config's model; its length changes nothing else."""
    return build_from_config(config, None, {}, {"root": root}, seed)


def measure_neighbours(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Errors on all test digits: of samples of all classes in turn, and of as many real training digits."""
    digits: Any = data
    test, wanted = digits.images("test"), digits.labels("test")
    made = torch.arange(SAMPLES) % digits.num_classes  # the classes that `sample` takes in turn
    real, real_labels = digits.images("train")[:SAMPLES], digits.labels("train")[:SAMPLES]
    return {
        "error": compute_nearest_neighbour_error(model.sample(SAMPLES).cpu(), made, test, wanted),
        "real": compute_nearest_neighbour_error(real, real_labels, test, wanted),
    }


NEAREST_NEIGHBOUR = Benchmark(
    name="nearest_neighbour",
    says="Of which class is a test digit, if all one has are samples by class?",
    ours=f"the config as it stands; {SAMPLES:,} samples, Euclidean distance of pixels, 10,000 test digits",
    theirs="conditional GAN and DCGAN, 50,000 samples; length not said",
    differs="networks, number of samples",
    steps=2500,
    published_steps=None,
    models=[
        BenchmarkModel(
            "conditional", "mnist_conditional_parzen.yaml", partial(make_neighbour_model,
            "mnist_conditional_parzen.yaml"), 70,
            PublishedRow("GAN, 50,000 samples", TABLE, {"error": PublishedNumber(6.28), "real": PublishedNumber(3.1)}),
        ),
        BenchmarkModel(
            "acgan", "mnist_acgan.yaml", partial(make_neighbour_model, "mnist_acgan.yaml"), 70,
            PublishedRow("DCGAN, 50,000 samples", TABLE, {"error": PublishedNumber(2.98),
            "real": PublishedNumber(3.1)}),
        ),
    ],
    columns=(
        BenchmarkColumn("error", "error by samples (%)", 2, factor=100.0, better=min),
        BenchmarkColumn("real", "by as many training digits (%)", 2, factor=100.0, better=min),
    ),
    measure=measure_neighbours,
    looks=2,
)  # fmt: skip
