"""Section 7, extension 2: an inference net for a G that has finished training.

E learns from samples of mnist_parzen.yaml's G alone; then it is shown test digits, which G never drew.
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
    draw_between,
    draw_reconstructions,
    reconstructions,
    train_inference_network,
)
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.utils import images

NAME = "inference"
DIGITS, QUICK_DIGITS = 1000, 200  # the first of the test images
HALF = 0.5


def run(setting: Setting) -> list[Finding]:
    """Four tests, each by two standard errors where there are some.

    E explains more than half of every noise variable on fresh samples; G(E(x)) is nearer to test digits than the mean
    training image is; it is read as the digit's label more often than every second time; G is what it was, bit by bit.
    """
    nets = [train_inference_network(setting, seed) for seed in setting.seeds]
    n = QUICK_DIGITS if setting.quick else DIGITS
    path = setting.folder(NAME) / "rows.json"
    network = reader()
    by = network.weights[:8] if network else "none"
    rows = [
        cached_result(path, f"{t.name} digits={n} classifier={by}", partial(measure, t, n, network))
        for t in nets
    ]
    image = draw_reconstructions(nets[0], setting.folder(NAME) / "inference.png")
    between = draw_between(nets[0], setting.folder(NAME) / "inference_between.png")
    return [recovery(rows), reconstruction(rows, image), reading(rows, between), untouched(nets)]


def measure(trained: TrainedInference, n: int, network: FeatureExtractor | None) -> Row:
    """What E recovers of z, and how near G(E(x)) comes to test digits."""
    data = trained.data
    x, labels = data.images("test")[:n], data.labels("test")[:n]
    share, error = trained.inference.explained_variance()
    shown = reconstructions(trained.inference, x, data.images("train"))
    far = {name: distances(x, y) for name, y in shown.items()}
    read = {}
    if network:
        for name, y in ({"x": x} | shown).items():
            read[name] = spread((classes_of(network, y, data.display_range) == labels).float())
    return {
        "share": share.tolist(),
        "error": error.tolist(),
        "rmse": {name: spread(d) for name, d in far.items()},
        "gain": spread(far["mean image"] - far[OWN]),
        "read": read,
        "n": len(x),
    }


def distances(x: Tensor, y: Tensor) -> Tensor:
    """Root mean squared difference of the pixels of each pair, [n], in units of the data."""
    return (x - y).flatten(1).square().mean(1).sqrt()


def spread(values: Tensor) -> list[float]:
    """Mean and its standard error."""
    return [float(values.mean()), float(values.std() / len(values) ** 0.5)]


def reader() -> FeatureExtractor | None:
    """The suite's classifier of digits, if it is on this machine."""
    try:
        return Classifier().load()
    except WeightsError:
        return None


def classes_of(network: FeatureExtractor, x: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Which digit the classifier reads, int64 [n]."""
    logits = network(images.to_uint8(x, value_range)).logits
    assert logits is not None  # a classifier's weights always have a last layer
    return logits.argmax(1)


def recovery(rows: list[Row]) -> Finding:
    """Does E find z again?"""
    least = min(s - 2 * e for r in rows for s, e in zip(r["share"], r["error"], strict=True))
    lowest, error = min(min(r["share"]) for r in rows), max(max(r["error"]) for r in rows)
    return Finding(
        "share of z's variance that E explains on 10,000 fresh samples, mean over the noise variables",
        f"z is predicted (here: above {HALF:g} for each)",
        format_over_seeds([mean(r["share"]) for r in rows]),
        Verdict.of(least > HALF),
        note=f"lowest of any variable {lowest:.3f}; standard errors over samples at most {error:.4f}.",
    )


def reconstruction(rows: list[Row], image: Path) -> Finding:
    """How near does G(E(x)) come to digits that G did not draw?"""
    n, errors = rows[0]["n"], [r["rmse"][OWN][1] for r in rows]
    return Finding(
        f"RMSE of G(E(x)) on {n:,} test digits, pixels in [0, 1]",
        "below the mean image's",
        format_over_seeds([r["rmse"][OWN][0] for r in rows]),
        Verdict.of(all(gain > 2 * error for gain, error in (r["gain"] for r in rows))),
        image,
        f"{_others(rows, 'rmse')}; standard error over digits {max(errors):.4f}.",
    )


def reading(rows: list[Row], image: Path) -> Finding:
    """Does G(E(x)) still say which digit it was?"""
    what = "share of G(E(x)) of test digits that a classifier reads as the digit's label"
    theirs = f"the digit is kept (here: above {HALF:g}; chance 0.1)"
    if not all(r["read"] for r in rows):
        advice = "there is no classifier: run `python -m lightning_gan download --classifier mnist`"
        return Finding(what, theirs, advice, Verdict.NOT_RUN, image)
    shares = [r["read"][OWN] for r in rows]
    return Finding(
        what,
        theirs,
        format_over_seeds([share for share, _ in shares]),
        Verdict.of(all(share - 2 * error > HALF for share, error in shares)),
        image,
        f"{_others(rows, 'read')}; standard error over digits {max(e for _, e in shares):.3f}.",
    )


def _others(rows: list[Row], measured: str) -> str:
    """The same number of everything that G(E(x)) is compared with."""
    names = [name for name in rows[0][measured] if name != OWN]
    return ", ".join(f"{name} {mean(r[measured][name][0] for r in rows):.3f}" for name in names)


def untouched(nets: list[TrainedInference]) -> Finding:
    """Is G what it was before E was trained?"""
    same = sum(t.kept for t in nets)
    return Finding(
        "generators whose weights are the same, bit by bit, after E's training",
        "all: G is fixed",
        f"{same} of {len(nets)}",
        Verdict.of(same == len(nets)),
    )


CLAIM = Claim(
    NAME, "sec. 7, item 2", "z can be inferred from x by a net trained for a fixed G after G has finished training",
    run,
    seconds=45, quick_seconds=10, mnist_runs=count_one_run,
)  # fmt: skip
