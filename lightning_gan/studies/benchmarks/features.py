"""Classification of CIFAR-10 by a linear SVM on features of D: Radford et al. (2016), DCGAN, section 5.1, Table 1."""

from functools import partial
from typing import Any

from pytorch_lightning import LightningDataModule

from lightning_gan.analysis.few_labels import reinitialize
from lightning_gan.analysis.probes import compute_svm_error, extract_pooled_features
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.configured import build_from_config

LABELLED, TESTED = 5_000, 2_000


def make_feature_model(
    config: str, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build model and data of a config; `steps` has no effect."""
    return build_from_config(config, None, {}, {"root": root}, seed)


def measure_features(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Compute the accuracy of an SVM on pooled features of D, and on those of the same D before training."""
    image_data: Any = data
    x, y = image_data.images("train")[:LABELLED], image_data.labels("train")[:LABELLED]
    test, wanted = image_data.images("test")[:TESTED], image_data.labels("test")[:TESTED]
    return {
        name: 1
        - compute_svm_error(
            extract_pooled_features(D, x), y, extract_pooled_features(D, test), wanted, c=1e-3
        )
        for name, D in (
            ("accuracy", model.discriminator),
            ("untrained", reinitialize(model.discriminator, seed=0)),
        )
    }


FEATURES = Benchmark(
    name="features",
    question="How well does a linear SVM on features of D classify images?",
    setup=(
        f"cifar10_smoke.yaml: DCGAN networks of width 32; all convolutions pooled to 4 x 4; SVM with C 0.001 on "
        f"{LABELLED:,} labelled images; {TESTED:,} test images"
    ),
    published_setup="DCGAN trained on ImageNet-1k, 28,672 features, 50,000 labelled images, 10,000 test images",
    differences="training images of the model, width, labelled images",
    steps=700,
    published_steps=None,
    models=[
        BenchmarkModel(
            "dcgan", "cifar10_smoke.yaml", partial(make_feature_model, "cifar10_smoke.yaml"), 400,
            PublishedRow("DCGAN + L2-SVM", "DCGAN Table 1", {"accuracy": PublishedNumber(82.8)}),
        ),
    ],
    columns=(
        BenchmarkColumn("accuracy", "accuracy (%)", 1, factor=100.0),
        BenchmarkColumn("untrained", "accuracy, untrained D (%)", 1, factor=100.0),
    ),
    measure=measure_features,
    measurements=1,
)  # fmt: skip
