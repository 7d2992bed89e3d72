"""D's features under a linear machine: Radford et al. (2016), DCGAN, section 5.1 and Table 1."""

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
    """The config's model; its length changes nothing else."""
    return build_from_config(config, None, {}, {"root": root}, seed)


def measure_features(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Share of test images named rightly from D's pooled features, and from those of a D that never played."""
    image_bytes: Any = data
    x, y = image_bytes.images("train")[:LABELLED], image_bytes.labels("train")[:LABELLED]
    test, wanted = image_bytes.images("test")[:TESTED], image_bytes.labels("test")[:TESTED]
    return {
        name: 1
        - compute_svm_error(
            extract_pooled_features(D, x), y, extract_pooled_features(D, test), wanted, c=1e-3
        )
        for name, D in (
            ("right", model.discriminator),
            ("untrained", reinitialize(model.discriminator, seed=0)),
        )
    }


FEATURES = Benchmark(
    name="features",
    says="Which class is an image of, by a linear machine on D's features?",
    ours=(
        f"cifar10_smoke.yaml: DCGAN's pair of width 32; all convolutions pooled to 4 x 4; machine of {LABELLED:,} "
        f"labelled images, C 0.001, {TESTED:,} test images"
    ),
    theirs="DCGAN trained on ImageNet-1k, 28,672 features, 50,000 labelled images, 10,000 test images",
    differs="training images of the model, width, labelled images",
    steps=700,
    published_steps=None,
    models=[
        BenchmarkModel(
            "dcgan", "cifar10_smoke.yaml", partial(make_feature_model, "cifar10_smoke.yaml"), 400,
            PublishedRow("DCGAN + L2-SVM", "DCGAN Table 1", {"right": PublishedNumber(82.8)}),
        ),
    ],
    columns=(
        BenchmarkColumn("right", "right (%)", 1, factor=100.0),
        BenchmarkColumn("untrained", "untrained D (%)", 1, factor=100.0),
    ),
    measure=measure_features,
    looks=1,
)  # fmt: skip
