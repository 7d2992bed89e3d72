"""Figure 3: digits along straight lines in z, measured in pixels and by a classifier.

The image shows the paper's sequence 1, 5, 7, 9. The measurements are over many lines between samples of two different
digits, which the classifier recognises with a confidence of `CONFIDENT` or more. The images on each line are compared
with blends of its two end images in pixel space. The claim holds if

- no step along a line is as long as half of the mean distance between two samples;
- the classifier's confidence is higher on lines than on blends, and the distance to training images in the classifier's
  features is smaller, each by more than `LIMIT` standard errors over lines.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.feature_extractors import Classifier, FeatureExtractor
from lightning_gan.metrics.memorisation import nearest_distance
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_one_run,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.figure3_plot import draw_chain
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.studies.goodfellow2014.mnist_run import QUICK_STEPS, train_or_find_mnist
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError

CHAIN = (1, 5, 7, 9)
CONFIDENT = 0.9
DRAWN = 2000  # samples from which the ends are chosen
POINTS = 33  # on a line, including its ends
EVERY = 4  # points between two whose features are compared
SHOWN_POINTS, SHOWN_LINES = 11, 8
JUMP = 0.5
LIMIT = 3.0
SEED = 0  # of the noise


class LineMeasurements(NamedTuple):
    """Measurements on n lines, [n] each."""

    steps: Tensor
    """Largest distance between neighbouring points, divided by the mean distance between two samples."""
    confidence: Tensor
    """Largest class probability, averaged over the points between the ends."""
    confidence_blended: Tensor
    """The same for blends."""
    distance: Tensor
    """Distance to the nearest training image in the classifier's features, averaged over points between the ends."""
    distance_blended: Tensor
    """The same for blends."""


def interpolate_noise(a: Tensor, b: Tensor, points: int) -> Tensor:
    """Compute points on straight lines from each a to its b, including the ends, [points, *a.shape]."""
    t = torch.linspace(0, 1, points).view(-1, *[1] * a.dim())
    return (1 - t) * a + t * b


class DigitClassifier:
    """Classifier of generated digits.

    Args:
        network: Classifier of grey 28x28 images.
        value_range: Value range of the samples.
    """

    def __init__(self, network: FeatureExtractor, value_range: tuple[float, float]) -> None:
        self.network, self.value_range = network, value_range

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute class probabilities, [..., classes], and features, [..., dim], of samples, [..., 1, 28, 28]."""
        image_bytes = images.to_uint8(x.flatten(0, -4), self.value_range)
        outputs = [self.network(part) for part in image_bytes.split(1000)]
        logits = torch.cat([o.logits for o in outputs if o.logits is not None])
        vectors = torch.cat([o.vectors for o in outputs])
        return logits.softmax(1).unflatten(0, x.shape[:-3]), vectors.unflatten(0, x.shape[:-3])


def find_first_of_classes(classes: Sequence[int], probabilities: Tensor) -> list[int]:
    """Find, for each class, the index of the first of n samples with a confidence of at least `CONFIDENT`.

    Raises:
        UserError: If a class has no such sample.
    """
    confident = probabilities >= CONFIDENT
    for c in classes:
        if not confident[:, c].any():
            raise UserError(
                f"The classifier reads none of {len(probabilities):,} samples as {c} with a confidence of "
                f"{CONFIDENT:g}: train longer."
            )
    return [int(confident[:, c].nonzero()[0]) for c in classes]


def find_distinct_pairs(probabilities: Tensor) -> Tensor:
    """Find the pairs, [pairs], of two different digits with confidence, from probabilities [2, pairs, classes]."""
    confidence, digit = probabilities.max(-1)
    return (confidence >= CONFIDENT).all(0) & (digit[0] != digit[1])


def measure_lines(
    gan: AdversarialModel, classifier: DigitClassifier, train: Tensor, n: int
) -> LineMeasurements:
    """Measure the first n lines between different digits that the classifier recognises with confidence.

    Args:
        gan: Trained model.
        classifier: Classifier of its samples.
        train: Features of training images, [N, dim].
        n: Largest number of lines; the `DRAWN` samples may have fewer.

    Raises:
        UserError: If there are fewer than two lines.
    """
    z = gan.sample_inputs(DRAWN, torch.Generator().manual_seed(SEED)).unflatten(0, (2, -1))
    ends = torch.stack([gan.generate(part).cpu() for part in z])
    mean_distance = (ends[0] - ends[1]).flatten(1).norm(dim=1).mean()
    pairs = find_distinct_pairs(classifier(ends)[0]).nonzero()[:n, 0]
    if len(pairs) < 2:
        raise UserError(
            f"{len(pairs)} of {DRAWN // 2} pairs of samples are two different digits with confidence: train longer."
        )
    points = interpolate_noise(z[0, pairs], z[1, pairs], POINTS)
    x = gan.generate(points.flatten(0, 1)).cpu().unflatten(0, points.shape[:2])
    steps = (x[1:] - x[:-1]).flatten(2).norm(dim=2).amax(0) / mean_distance
    blends = interpolate_noise(x[0], x[-1], POINTS)
    on_line, on_blends = (_measure_between(classifier, points, train) for points in (x, blends))
    return LineMeasurements(steps, on_line[0], on_blends[0], on_line[1], on_blends[1])


def _measure_between(
    classifier: DigitClassifier, x: Tensor, train: Tensor
) -> tuple[Tensor, Tensor]:
    """Compute confidence and distance, [n] each, averaged over the inner points of x, [points, n, 1, 28, 28]."""
    probabilities, vectors = classifier(x[1:-1])
    chosen = vectors[EVERY - 1 :: EVERY]
    distance = nearest_distance(chosen.flatten(0, 1), train).unflatten(0, chosen.shape[:2])
    return probabilities.amax(-1).mean(0), distance.mean(0)


def is_above_zero(gain: Tensor) -> bool:
    """Return whether the mean of gain, [n], is above 0 by more than `LIMIT` standard errors."""
    return (gain.mean() / (gain.std() / math.sqrt(len(gain)))).item() > LIMIT


def format_lines(values: Sequence[Tensor]) -> str:
    """Format the mean with its standard error: over lines for one seed, otherwise over seeds."""
    if len(values) > 1:
        return format_over_seeds([v.mean().item() for v in values])
    (one,) = values
    return f"{one.mean():.3f} ± {one.std() / math.sqrt(len(one)):.3f} ({len(one)} lines)"


def judge_lines(found: Sequence[LineMeasurements], note: str = "") -> list[Finding]:
    """Judge the three measurements over all seeds."""
    largest = max(f.steps.max().item() for f in found)
    confidence_gains = [f.confidence - f.confidence_blended for f in found]
    distance_gains = [f.distance_blended - f.distance for f in found]
    first = found[0]
    return [
        Finding(
            "largest step on a line of 33 points, in mean distances of two samples",
            f"no jump (criterion: below {JUMP:g})",
            f"{format_lines([f.steps for f in found])}, at most {largest:.2f}", Verdict.from_bool(largest < JUMP),
        ),
        Finding(
            "classifier's confidence on lines in z minus that on blends of the ends", "above 0",
            f"{format_lines(confidence_gains)}: {first.confidence.mean():.3f}, {first.confidence_blended.mean():.3f}",
            Verdict.from_bool(all(map(is_above_zero, confidence_gains))), note=note,
        ),
        Finding(
            "distance to training images in features: blends minus lines in z", "above 0",
            f"{format_lines(distance_gains)}: {first.distance_blended.mean():.2f}, {first.distance.mean():.2f}",
            Verdict.from_bool(all(map(is_above_zero, distance_gains))),
        ),
    ]  # fmt: skip


def draw_figure3(
    gan: AdversarialModel, classifier: DigitClassifier, setting: Setting
) -> list[Finding]:
    """Draw the paper's sequence with the class probabilities, and the first lines of the seed."""
    folder = setting.make_folder("figure3")
    z = gan.sample_inputs(DRAWN, torch.Generator().manual_seed(SEED))
    indices = find_first_of_classes(CHAIN, classifier(gan.generate(z).cpu())[0])
    points = interpolate_noise(z[indices[:-1]], z[indices[1:]], POINTS)
    x = gan.generate(points.flatten(0, 1)).cpu().unflatten(0, points.shape[:2])
    blends = interpolate_noise(x[0], x[-1], POINTS)
    probabilities, blended = classifier(x)[0], classifier(blends)[0]
    rows = [images.to_uint8(v, classifier.value_range) for v in (x, blends)]
    chain = images.save_image(
        draw_chain(rows[0], rows[1], probabilities, blended, SHOWN_POINTS), folder / "chain.png"
    )
    more = interpolate_noise(
        z[:SHOWN_LINES], z[SHOWN_LINES : 2 * SHOWN_LINES], SHOWN_POINTS
    ).transpose(0, 1)
    shown = images.to_uint8(gan.generate(more.flatten(0, 1)).cpu(), classifier.value_range)
    lines = images.save_image(
        images.make_image_grid(shown, SHOWN_POINTS, scale=2), folder / "lines.png"
    )
    sequence = " to ".join(map(str, CHAIN))
    return [
        Finding(f"digits from {sequence} along lines in z", "", "drawn", Verdict.SHOWN, chain),
        Finding(f"the first {SHOWN_LINES} lines of the seed", "", "drawn", Verdict.SHOWN, lines),
    ]


def run(setting: Setting) -> list[Finding]:
    """Train or find the runs of mnist_parzen.yaml, draw the first one, and judge the lines of all."""
    network = Classifier().load()  # fails early, before training
    n, of = (100, 10_000) if setting.quick else (200, None)
    runs = [train_or_find_mnist(setting, seed) for seed in setting.seeds]
    data = load_data(runs[0])
    classifier = DigitClassifier(network, data.display_range)
    train = torch.cat(
        [network(part).vectors for part in data.uint8_images("train")[:of].split(1000)]
    )
    networks = [load_model(folder) for folder in runs]
    note = (
        f"after {QUICK_STEPS} updates many samples are not recognisable digits"
        if setting.quick
        else ""
    )
    found = [measure_lines(gan, classifier, train, n) for gan in networks]
    return draw_figure3(networks[0], classifier, setting) + judge_lines(found, note)


CLAIM = Claim(
    "figure3",
    "fig. 3",
    "digits change smoothly along straight lines in z",
    run,
    seconds=5.0,
    quick_seconds=5.0,
    mnist_runs=count_one_run,
)
