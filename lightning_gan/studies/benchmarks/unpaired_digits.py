"""Translation of thin to thick digits and back, learnt without pairs, against the true partners: CycleGAN."""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, cast

from pytorch_lightning import LightningDataModule
from torch import Tensor

from datamodules import FactorDigits, UnpairedDigits
from lightning_gan.analysis.translation import (
    CycleErrors,
    Translate,
    make_translation_baselines,
    measure_cycle_errors,
    measure_factor_agreement,
    measure_l1,
)
from lightning_gan.feature_extractors.factor_classifier import (
    FactorClassifier,
    load_factor_classifier,
)
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.translation import TranslationModel
from lightning_gan.studies.benchmarks.benchmark import Benchmark, BenchmarkColumn, BenchmarkModel
from lightning_gan.studies.benchmarks.configured import build_from_config
from lightning_gan.utils.images import to_uint8

CONFIG = "cyclegan_digits.yaml"
NOISE = 0.1  # standard deviation, pixels in [-1, 1]
FACTORS = FactorDigits.factor_names


def make_unpaired_digits_model(
    identity: float, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build the config's model, whose learning rates fall to 0 at the last step; `root` has no effect."""
    decay = {"class_path": "LinearDecay", "init_args": {"total": steps, "start": 0.5}}
    arguments = {"identity": identity, "d_scheduler": decay, "g_scheduler": decay}
    return build_from_config(CONFIG, None, arguments, {}, seed)


@lru_cache(maxsize=1)
def load_digit_factor_classifier() -> FactorClassifier:
    """Load the classifier of digit, thickness, slant and colour; the first time, train it for less than a minute."""
    data = FactorDigits()
    data.prepare_data()
    return load_factor_classifier(
        data.uint8_images("train"), data.factors("train"), data.factor_sizes
    )


def compare_with_partners(
    forward: Translate, backward: Translate, a: Tensor, b: Tensor, classifier: FactorClassifier
) -> dict[str, float]:
    """Compare translations of both directions with the true partners.

    Args:
        forward: G, from A to B.
        backward: F, from B to A.
        a: Images of A, float32 [n, 3, 32, 32] in [-1, 1].
        b: Their true partners in B, likewise.
        classifier: Trained classifier of the factors.

    Returns:
        The columns' values. A name that ends in `_b` is that of G(a) and b, in `_a` of F(b) and a.
    """
    values: dict[str, float] = {}
    for side, translated, partner in (("b", forward(a), b), ("a", backward(b), a)):
        values[f"l1_{side}"] = measure_l1(translated, partner)
        image_bytes = [to_uint8(x, (-1.0, 1.0)) for x in (translated, partner)]
        shares = measure_factor_agreement(classifier, *image_bytes).tolist()
        names = [f"{name}_{side}" for name in (*FACTORS, "all")]
        values |= dict(zip(names, shares, strict=True))
    errors = (
        measure_cycle_errors(forward, backward, a, noise=NOISE),
        measure_cycle_errors(backward, forward, b, noise=NOISE),
    )
    for name, pair in zip(CycleErrors._fields, zip(*errors, strict=True), strict=True):
        values[f"cycle_{name}"] = sum(pair) / 2
    return values


def measure_unpaired_digits(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Compare the translations of the test images with their true partners."""
    digits = cast(UnpairedDigits, data)
    translate: Any = cast(TranslationModel, model).translate
    return compare_with_partners(
        partial(translate, direction="a_to_b"), partial(translate, direction="b_to_a"),
        *digits.pairs("test"), load_digit_factor_classifier(),
    )  # fmt: skip


def measure_baselines() -> Mapping[str, dict[str, float]]:
    """Compare the translations of the test images by each baseline with their true partners."""
    data = UnpairedDigits()
    data.prepare_data()
    train = [data.images("train", side) for side in ("a", "b")]
    return {
        name: compare_with_partners(*ways, *data.pairs("test"), load_digit_factor_classifier())
        for name, ways in make_translation_baselines(*train).items()
    }


def _make_columns() -> tuple[BenchmarkColumn, ...]:
    ways = (("b", "A to B"), ("a", "B to A"))
    l1 = [BenchmarkColumn(f"l1_{side}", f"L1 {way}", 4, better=min) for side, way in ways]
    shares = [
        BenchmarkColumn(f"{name}_{side}", f"{title} {way} (%)", 1, factor=100.0)
        for name, title in (("all", "all factors"), *zip(FACTORS, FACTORS, strict=True))
        for side, way in ways
    ]
    cycles = [
        BenchmarkColumn(f"cycle_{name}", f"cycle error, {title}", 4, better=min)
        for name, title in zip(CycleErrors._fields, ("clean", "noisy", "8 bits"), strict=True)
    ]
    return *l1, *shares, *cycles


UNPAIRED_DIGITS = Benchmark(
    name="unpaired_digits",
    question="How near are translations of thin to thick digits, learnt without pairs, to the true partners?",
    setup=(
        f"{CONFIG}: 8,000 thin and 8,000 other thick digits, minibatches of 8 and 8; L1 distance of 1,000 test images "
        "and their true partners, pixels in [-1, 1]; share of images whose factors are classified as the partner's; "
        f"cycle error: mean L1 of both cycles, with noise of {NOISE:g} or 8 bits in between"
    ),
    published_setup="nothing on these digits",
    differences="data, networks",
    steps=1_250,
    published_steps=None,
    models=[
        BenchmarkModel("cyclegan", "identity loss 0.5", partial(make_unpaired_digits_model, 0.5), 150),
        BenchmarkModel("no_identity", "identity loss 0", partial(make_unpaired_digits_model, 0.0), 120),
    ],
    columns=_make_columns(),
    measure=measure_unpaired_digits,
    measurements=1,
    baselines=measure_baselines,
)  # fmt: skip
