"""Statistical test for memorisation of the training set by G, and validation of the test on known sets.

The test compares the distances of samples to the nearest training image with those of held-out images
(`metrics.memorisation`). The share of samples that are nearer is 1/2 without copies. A set is called "copied" if the
share is above 1/2 by more than `LIMIT` standard errors (z < -3). The test has to call training images copied, and
training images that are shifted by a pixel or two, but not other held-out images.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from lightning_gan.feature_extractors import Classifier, FeatureExtractor, WeightsError
from lightning_gan.metrics.memorisation import (
    Audit,
    audit,
    nearest_distance,
    shift_blind_distance,
    shift_images,
)
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_one_run,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.studies.goodfellow2014.memorisation_plot import draw_histograms
from lightning_gan.studies.goodfellow2014.mnist_run import train_or_find_mnist
from lightning_gan.utils import images

FULL, SHORT = (1000, None), (200, 10_000)  # images of each set; number of training images
LIMIT = 3.0
REACH = 2  # largest shift, pixels
BLUR = 0.7  # pixels; shows the effect of smoothness on the distances
PIXELS, SHIFTED, FEATURES = "pixels", f"pixels, shifts of up to {REACH} allowed", "64 features"
Distance = Callable[[Tensor], Tensor]

# whether the test has to call the set copied in each space; None: no criterion
EXPECTED: dict[str, dict[str, bool | None]] = {
    "training images": {PIXELS: True, SHIFTED: True, FEATURES: True},
    "training images, shifted": {PIXELS: False, SHIFTED: True, FEATURES: None},
    "held-out images": {PIXELS: False, SHIFTED: False, FEATURES: False},
    "held-out images, blurred": {PIXELS: None, SHIFTED: None, FEATURES: None},
    "samples of G": {PIXELS: False, SHIFTED: False, FEATURES: False},
}


def make_distances(train: Tensor, network: FeatureExtractor | None) -> dict[str, Distance]:
    """Create a function for each space: distance of bytes, [n, 1, 28, 28], to the nearest training image."""
    unit = train.float() / 255
    distances: dict[str, Distance] = {
        PIXELS: lambda x: nearest_distance(x.float() / 255, unit),
        SHIFTED: lambda x: shift_blind_distance(x.float() / 255, unit, REACH),
    }
    if network is not None:
        net = network
        vectors = embed(net, train)
        distances[FEATURES] = lambda x: nearest_distance(embed(net, x), vectors)
    return distances


def embed(network: FeatureExtractor, image_bytes: Tensor) -> Tensor:
    """Compute feature vectors of bytes, [n, dim]."""
    return torch.cat([network(part).vectors for part in image_bytes.split(1000)])


def shift_at_random(image_bytes: Tensor, seed: int = 0) -> Tensor:
    """Shift each image by a random, non-zero number of pixels, at most `REACH` along each axis."""
    shifted = torch.stack(shift_images(image_bytes, REACH))
    unshifted = len(shifted) // 2
    which = torch.randint(
        1, len(shifted), (len(image_bytes),), generator=torch.Generator().manual_seed(seed)
    )
    return shifted[(unshifted + which) % len(shifted), torch.arange(len(image_bytes))]


def make_known_sets(train: Tensor, held_out: Tensor) -> dict[str, Tensor]:
    """Create sets of images that are known to be copies or not, each as large as the held-out set."""
    originals = train[: len(held_out)]
    return {
        "training images": originals,
        "training images, shifted": shift_at_random(originals),
        "held-out images": held_out,
        "held-out images, blurred": gaussian_blur(held_out, [5, 5], [BLUR, BLUR]),
    }


def judge_memorisation(audits: Sequence[Audit], expected: bool | None) -> Verdict:
    """Return whether the test has the expected result for every seed."""
    if expected is None:
        return Verdict.SHOWN
    return Verdict.from_bool(all((a.z < -LIMIT) == expected for a in audits))


def judge_set(name: str, space: str, audits: Sequence[Audit], n: int, image: Path) -> Finding:
    """Judge one set in one space."""
    expected = EXPECTED[name][space]
    one = audits[0]
    share = (
        f"{one.share:.3f} ± {one.se:.3f}"
        if len(audits) == 1
        else format_over_seeds([a.share for a in audits])
    )
    return Finding(
        f"{name}, {space}: share nearer to the training data than held-out images",
        {True: "copied", False: "not copied", None: ""}[expected],
        f"{share}, z = {', '.join(f'{a.z:.2f}' for a in audits)} (n = {n:,})",
        judge_memorisation(audits, expected),
        image,
    )


def load_classifier() -> tuple[FeatureExtractor | None, list[Finding]]:
    """Load the classifier; without its weights return None and a finding with the reason."""
    try:
        return Classifier().load(), []
    except WeightsError as error:
        return None, [Finding(f"the same test in {FEATURES}", "", str(error), Verdict.NOT_RUN)]


def judge_sets(
    sets: Mapping[str, Sequence[Tensor]],
    reference: Tensor,
    measures: Mapping[str, Distance],
    out: Path,
) -> list[Finding]:
    """Judge every set in every space, and draw the distances.

    Args:
        sets: Bytes of images by the name of the set, one tensor for each seed.
        reference: Bytes of held-out images.
        measures: Distance functions by the name of the space.
        out: Path of the image.
    """
    rows, distances = [], {}
    for space, measure in measures.items():
        scale = measure(reference)
        distances[space] = {"held-out images, reference": scale}
        for name, seeds in sets.items():
            each = [measure(image_bytes) for image_bytes in seeds]
            rows.append(judge_set(name, space, [audit(d, scale) for d in each], len(seeds[0]), out))
            distances[space][name] = each[0]
    images.save_image(draw_histograms(distances), out)
    return rows


def run(setting: Setting) -> list[Finding]:
    """Judge samples of G and the known sets, and draw their distances."""
    n, of = SHORT if setting.quick else FULL
    network, missing = load_classifier()
    runs = [train_or_find_mnist(setting, seed) for seed in setting.seeds]
    data = load_data(runs[0])
    train, test = data.uint8_images("train")[:of], data.uint8_images("test")
    # random parts of the test images; validation images of MNIST share their writers with the training images
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    reference, held_out = test[order[:n]], test[order[n : 2 * n]]
    sets = {name: [image_bytes] for name, image_bytes in make_known_sets(train, held_out).items()}
    sets["samples of G"] = [
        images.to_uint8(load_model(r).sample(n).cpu(), data.display_range) for r in runs
    ]
    image = setting.make_folder("memorisation") / "distances.png"
    return judge_sets(sets, reference, make_distances(train, network), image) + missing


CLAIM = Claim(
    "memorisation",
    "fig. 2",
    "the model has not memorised the training set",
    run,
    seconds=115.0,
    quick_seconds=15.0,
    mnist_runs=count_one_run,
)
