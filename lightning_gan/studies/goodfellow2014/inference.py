"""Section 7, extension 2: an inference network E for a trained G.

E is trained on samples of the G of mnist_parzen.yaml only, and tested on samples and on test digits.
"""

from functools import partial
from pathlib import Path
from statistics import mean

from torch import Tensor

from lightning_gan.feature_extractors import Classifier, FeatureExtractor, WeightsError
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_one_run,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.inference_network import (
    OWN,
    TrainedInference,
    draw_interpolations,
    draw_reconstructions,
    reconstruct,
    train_inference_network,
)
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.utils import images

NAME = "inference"
DIGITS, QUICK_DIGITS = 1000, 200  # the first of the test images
HALF = 0.5


def run(setting: Setting) -> list[Finding]:
    """Judge four criteria, the first three by two standard errors.

    E explains more than half of the variance of every noise variable on fresh samples; G(E(x)) is nearer to test digits
    than the mean training image; a classifier reads it as the digit's label in more than half of the cases; and G is
    bit for bit the same after the training of E.
    """
    nets = [train_inference_network(setting, seed) for seed in setting.seeds]
    n = QUICK_DIGITS if setting.quick else DIGITS
    path = setting.make_folder(NAME) / "rows.json"
    network = load_digit_classifier()
    weights = network.weights[:8] if network else "none"
    rows = [
        cached_result(
            path,
            f"{t.name} digits={n} classifier={weights}",
            partial(measure_inference, t, n, network),
        )
        for t in nets
    ]
    image = draw_reconstructions(nets[0], setting.make_folder(NAME) / "inference.png")
    between = draw_interpolations(nets[0], setting.make_folder(NAME) / "inference_between.png")
    return [
        judge_recovery(rows),
        judge_reconstruction(rows, image),
        judge_classification(rows, between),
        judge_fixed_generator(nets),
    ]


def measure_inference(
    trained: TrainedInference, n: int, network: FeatureExtractor | None
) -> CachedRow:
    """Measure the explained variance of z, and distance and classification of G(E(x)) for n test digits."""
    data = trained.data
    x, labels = data.images("test")[:n], data.labels("test")[:n]
    share, error = trained.inference.explained_variance()
    shown = reconstruct(trained.inference, x, data.images("train"))
    rmse = {name: compute_rmse(x, y) for name, y in shown.items()}
    accuracy = {}
    if network:
        for name, y in ({"x": x} | shown).items():
            accuracy[name] = compute_mean_and_error(
                (classify_reconstructions(network, y, data.display_range) == labels).float()
            )
    return {
        "share": share.tolist(),
        "error": error.tolist(),
        "rmse": {name: compute_mean_and_error(d) for name, d in rmse.items()},
        "gain": compute_mean_and_error(rmse["mean image"] - rmse[OWN]),
        "accuracy": accuracy,
        "n": len(x),
    }


def compute_rmse(x: Tensor, y: Tensor) -> Tensor:
    """Compute the root mean squared pixel difference of each pair, [n]."""
    return (x - y).flatten(1).square().mean(1).sqrt()


def compute_mean_and_error(values: Tensor) -> list[float]:
    """Compute the mean of [n] and its standard error."""
    return [float(values.mean()), float(values.std() / len(values) ** 0.5)]


def load_digit_classifier() -> FeatureExtractor | None:
    """Load the suite's digit classifier; None if its weights are missing."""
    try:
        return Classifier().load()
    except WeightsError:
        return None


def classify_reconstructions(
    network: FeatureExtractor, x: Tensor, value_range: tuple[float, float]
) -> Tensor:
    """Classify digits, int64 [n]."""
    logits = network(images.to_uint8(x, value_range)).logits
    assert logits is not None  # a classifier always has logits
    return logits.argmax(1)


def judge_recovery(rows: list[CachedRow]) -> Finding:
    """Judge the explained variance of z."""
    least = min(s - 2 * e for r in rows for s, e in zip(r["share"], r["error"], strict=True))
    lowest, error = min(min(r["share"]) for r in rows), max(max(r["error"]) for r in rows)
    return Finding(
        "share of z's variance that E explains on 10,000 fresh samples, mean over the noise variables",
        f"z is predicted (criterion: above {HALF:g} for each)",
        format_over_seeds([mean(r["share"]) for r in rows]),
        Verdict.from_bool(least > HALF),
        note=f"lowest of any variable {lowest:.3f}; standard errors over samples at most {error:.4f}.",
    )


def judge_reconstruction(rows: list[CachedRow], image: Path) -> Finding:
    """Judge the distance of G(E(x)) from test digits."""
    n, errors = rows[0]["n"], [r["rmse"][OWN][1] for r in rows]
    return Finding(
        f"RMSE of G(E(x)) on {n:,} test digits, pixels in [0, 1]",
        "below that of the mean image",
        format_over_seeds([r["rmse"][OWN][0] for r in rows]),
        Verdict.from_bool(all(gain > 2 * error for gain, error in (r["gain"] for r in rows))),
        image,
        f"{_others(rows, 'rmse')}; standard error over digits {max(errors):.4f}.",
    )


def judge_classification(rows: list[CachedRow], image: Path) -> Finding:
    """Judge how often a classifier reads G(E(x)) as the digit's label."""
    quantity = "share of G(E(x)) of test digits that a classifier reads as the digit's label"
    expected = f"the digit is preserved (criterion: above {HALF:g}; chance: 0.1)"
    if not all(r["accuracy"] for r in rows):
        advice = (
            "the classifier is missing: run `python -m lightning_gan download --classifier mnist`"
        )
        return Finding(quantity, expected, advice, Verdict.NOT_RUN, image)
    shares = [r["accuracy"][OWN] for r in rows]
    return Finding(
        quantity,
        expected,
        format_over_seeds([share for share, _ in shares]),
        Verdict.from_bool(all(share - 2 * error > HALF for share, error in shares)),
        image,
        f"{_others(rows, 'accuracy')}; standard error over digits {max(e for _, e in shares):.3f}.",
    )


def _others(rows: list[CachedRow], measured: str) -> str:
    """Format the same number for all images that G(E(x)) is compared with."""
    names = [name for name in rows[0][measured] if name != OWN]
    return ", ".join(f"{name} {mean(r[measured][name][0] for r in rows):.3f}" for name in names)


def judge_fixed_generator(nets: list[TrainedInference]) -> Finding:
    """Judge whether G is the same after the training of E."""
    same = sum(t.generator_unchanged for t in nets)
    return Finding(
        "generators with the same weights, bit for bit, after the training of E",
        "all: G is fixed",
        f"{same} of {len(nets)}",
        Verdict.from_bool(same == len(nets)),
    )


CLAIM = Claim(
    NAME, "sec. 7, item 2", "a network that is trained for a fixed G after its training can infer z from x",
    run,
    seconds=45, quick_seconds=10, mnist_runs=count_one_run,
)  # fmt: skip
