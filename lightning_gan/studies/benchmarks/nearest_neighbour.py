"""Nearest-neighbour classification of test digits by generated digits: Radford et al. (2016), DCGAN, Table 3.

Samples of a class-conditional G are the only labelled images of the classifier.
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
    """Build model and data of a config; `steps` has no effect."""
    return build_from_config(config, None, {}, {"root": root}, seed)


def measure_neighbours(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Compute the error on all test digits by generated digits, and by as many real training digits."""
    digits: Any = data
    test, labels = digits.images("test"), digits.labels("test")
    generated_labels = (
        torch.arange(SAMPLES) % digits.num_classes
    )  # the order of classes in `sample`
    real, real_labels = digits.images("train")[:SAMPLES], digits.labels("train")[:SAMPLES]
    return {
        "error": compute_nearest_neighbour_error(
            model.sample(SAMPLES).cpu(), generated_labels, test, labels
        ),
        "real": compute_nearest_neighbour_error(real, real_labels, test, labels),
    }


NEAREST_NEIGHBOUR = Benchmark(
    name="nearest_neighbour",
    question="How well do labelled samples classify test digits?",
    setup=f"the config unchanged; {SAMPLES:,} samples, Euclidean distance of pixels, 10,000 test digits",
    published_setup="conditional GAN and DCGAN, 50,000 samples; length not stated",
    differences="networks, number of samples",
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
        BenchmarkColumn("real", "error by as many training digits (%)", 2, factor=100.0, better=min),
    ),
    measure=measure_neighbours,
    measurements=2,
)  # fmt: skip
