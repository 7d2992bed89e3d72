"""Figure 3: digits along straight lines in z, in pixels and in what a classifier says of them.

The image is the paper's chain 1, 5, 7, 9. The numbers are over many lines between digits of two kinds, all ends seen
as such with a confidence of `CLEAR` or more. On each the images between the ends are compared with those between the
same two end images in pixel space (blends of both). The claim holds if

- no step along a line is a jump: none is half as long as two samples are apart on average;
- images on the lines are named with more confidence than blends, and lie nearer to training images in the classifier's
  features, each by more than `LIMIT` standard errors over lines.
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
from lightning_gan.studies.goodfellow2014.figure3_plot import chain_image
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.studies.goodfellow2014.mnist_run import QUICK_STEPS, mnist_run
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError

CHAIN = (1, 5, 7, 9)
CLEAR = 0.9
DRAWN = 2000  # of which the ends are chosen: the first that qualify
POINTS = 33  # on a line, ends included
EVERY = 4  # of them: whose features are compared
SHOWN_POINTS = 11
SHOWN_LINES = 8
JUMP = 0.5
LIMIT = 3.0
SEED = 0  # of the noise


class Lines(NamedTuple):
    """What was measured on n lines, [n] each."""

    steps: Tensor
    """Largest step between neighbours, over the mean distance of two samples."""
    confidence: Tensor
    """Largest class probability, mean over the points between the ends."""
    confidence_blended: Tensor
    """The same of blends."""
    distance: Tensor
    """To the nearest training image in the classifier's features, mean over points between the ends."""
    distance_blended: Tensor
    """The same of blends."""


def line(a: Tensor, b: Tensor, points: int) -> Tensor:
    """Points on the straight lines from each a to its b, ends included: [points, *a.shape]."""
    t = torch.linspace(0, 1, points).view(-1, *[1] * a.dim())
    return (1 - t) * a + t * b


class Eye:
    """A classifier that looks at samples.

    Args:
        network: of grey 28x28 images.
        value_range: of the samples.
    """

    def __init__(self, network: FeatureExtractor, value_range: tuple[float, float]) -> None:
        self.network, self.value_range = network, value_range

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Class probabilities, [..., classes], and features, [..., dim], of samples, [..., 1, 28, 28]."""
        image_bytes = images.to_uint8(x.flatten(0, -4), self.value_range)
        seen = [self.network(part) for part in image_bytes.split(1000)]
        logits = torch.cat([s.logits for s in seen if s.logits is not None])
        vectors = torch.cat([s.vectors for s in seen])
        return logits.softmax(1).unflatten(0, x.shape[:-3]), vectors.unflatten(0, x.shape[:-3])


def first_seen_as(classes: Sequence[int], probabilities: Tensor) -> list[int]:
    """For each class, the place of the first of [n, classes] that is seen as it with confidence `CLEAR`.

    Raises:
        ValueError: if there is none.
    """
    clear = probabilities >= CLEAR
    for c in classes:
        if not clear[:, c].any():
            raise UserError(
                f"None of {len(probabilities):,} samples is seen as a {c} with a confidence of {CLEAR:g}: train longer."
            )
    return [int(clear[:, c].nonzero()[0]) for c in classes]


def different(probabilities: Tensor) -> Tensor:
    """Which pairs are two clear digits of two kinds: [pairs], of [2, pairs, classes]."""
    confidence, digit = probabilities.max(-1)
    return (confidence >= CLEAR).all(0) & (digit[0] != digit[1])


def measure(gan: AdversarialModel, eye: Eye, sample_set: Tensor, n: int) -> Lines:
    """Measure the first n lines of `SEED` whose ends are clear digits of two kinds.

    Args:
        gan: trained.
        eye: that looks at its samples.
        sample_set: features of training images, [N, dim].
        n: lines; fewer where the `DRAWN` samples have fewer.

    Raises:
        ValueError: if there are fewer than two.
    """
    z = gan.sample_inputs(DRAWN, torch.Generator().manual_seed(SEED)).unflatten(0, (2, -1))
    ends = torch.stack([gan.generate(part).cpu() for part in z])
    apart = (ends[0] - ends[1]).flatten(1).norm(dim=1).mean()
    kept = different(eye(ends)[0]).nonzero()[:n, 0]
    if len(kept) < 2:
        raise UserError(
            f"{len(kept)} of {DRAWN // 2} pairs of samples are two clear digits of two kinds: train longer."
        )
    points = line(z[0, kept], z[1, kept], POINTS)
    x = gan.generate(points.flatten(0, 1)).cpu().unflatten(0, points.shape[:2])
    steps = (x[1:] - x[:-1]).flatten(2).norm(dim=2).amax(0) / apart
    seen = [_between(eye, images_, sample_set) for images_ in (x, line(x[0], x[-1], POINTS))]
    return Lines(steps, seen[0][0], seen[1][0], seen[0][1], seen[1][1])


def _between(eye: Eye, x: Tensor, sample_set: Tensor) -> tuple[Tensor, Tensor]:
    """Confidence and distance, [n] each, mean over the inner points of [points, n, 1, 28, 28]."""
    probabilities, vectors = eye(x[1:-1])
    some = vectors[EVERY - 1 :: EVERY]
    distance = nearest_distance(some.flatten(0, 1), sample_set).unflatten(0, some.shape[:2])
    return probabilities.amax(-1).mean(0), distance.mean(0)


def beyond(gain: Tensor) -> bool:
    """Whether the mean of [n] is above 0 by more than `LIMIT` standard errors."""
    return (gain.mean() / (gain.std() / math.sqrt(len(gain)))).item() > LIMIT


def summed_up(values: Sequence[Tensor]) -> str:
    """Mean with the error over lines of one run, or over seeds."""
    if len(values) > 1:
        return format_over_seeds([v.mean().item() for v in values])
    (one,) = values
    return f"{one.mean():.3f} ± {one.std() / math.sqrt(len(one)):.3f} ({len(one)} lines)"


def table(found: Sequence[Lines], note: str = "") -> list[Finding]:
    """The three numbers, each with its verdict, over seeds."""
    largest = max(f.steps.max().item() for f in found)
    surer = [f.confidence - f.confidence_blended for f in found]
    nearer = [f.distance_blended - f.distance for f in found]
    first = found[0]
    return [
        Finding(
            "largest step on a line of 33 points, in mean distances of two samples", "no jump",
            f"{summed_up([f.steps for f in found])}, at most {largest:.2f}", Verdict.of(largest < JUMP),
        ),
        Finding(
            "classifier's confidence along lines in z, less that along blends of the ends", "above 0",
            f"{summed_up(surer)}: {first.confidence.mean():.3f} and {first.confidence_blended.mean():.3f}",
            Verdict.of(all(map(beyond, surer))), note=note,
        ),
        Finding(
            "distance to training images in features: blends' less that of lines in z", "above 0",
            f"{summed_up(nearer)}: {first.distance_blended.mean():.2f} and {first.distance.mean():.2f}",
            Verdict.of(all(map(beyond, nearer))),
        ),
    ]  # fmt: skip


def draw_figure3(gan: AdversarialModel, eye: Eye, setting: Setting) -> list[Finding]:
    """The chain with what the classifier says, and the first lines of the seed."""
    folder = setting.folder("figure3")
    z = gan.sample_inputs(DRAWN, torch.Generator().manual_seed(SEED))
    places = first_seen_as(CHAIN, eye(gan.generate(z).cpu())[0])
    points = line(z[places[:-1]], z[places[1:]], POINTS)
    x = gan.generate(points.flatten(0, 1)).cpu().unflatten(0, points.shape[:2])
    blends = line(x[0], x[-1], POINTS)
    probabilities, blended = eye(x)[0], eye(blends)[0]
    rows = [images.to_uint8(v, eye.value_range) for v in (x, blends)]
    chain = images.save_image(
        chain_image(rows[0], rows[1], probabilities, blended, SHOWN_POINTS), folder / "chain.png"
    )
    more = line(z[:SHOWN_LINES], z[SHOWN_LINES : 2 * SHOWN_LINES], SHOWN_POINTS).transpose(0, 1)
    shown = images.to_uint8(gan.generate(more.flatten(0, 1)).cpu(), eye.value_range)
    lines = images.save_image(
        images.make_image_grid(shown, SHOWN_POINTS, scale=2), folder / "lines.png"
    )
    what = " to ".join(map(str, CHAIN))
    return [
        Finding(f"digits from {what} along lines in z", "", "drawn", Verdict.SHOWN, chain),
        Finding(f"the first {SHOWN_LINES} lines of the seed", "", "drawn", Verdict.SHOWN, lines),
    ]


def run(setting: Setting) -> list[Finding]:
    """Train, draw and measure."""
    network = Classifier().load()  # before the training: without it nothing can be said
    n, of = (100, 10_000) if setting.quick else (200, None)
    runs = [mnist_run(setting, seed) for seed in setting.seeds]
    data = load_data(runs[0])
    eye = Eye(network, data.display_range)
    sample_set = torch.cat(
        [network(part).vectors for part in data.uint8_images("train")[:of].split(1000)]
    )
    networks = [load_model(folder) for folder in runs]
    note = f"after {QUICK_STEPS} updates many samples are no clear digits" if setting.quick else ""
    found = [measure(gan, eye, sample_set, n) for gan in networks]
    return draw_figure3(networks[0], eye, setting) + table(found, note)


CLAIM = Claim(
    "figure3",
    "fig. 3",
    "digits change smoothly along straight lines in z",
    run,
    seconds=5.0,
    quick_seconds=5.0,
    mnist_runs=count_one_run,
)
