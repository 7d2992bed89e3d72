"""Has G memorised its training set? Figure 2 shows neighbours; here is a test, and what the test itself is worth.

Distances to the nearest training example, of samples against those of held-out images (`metrics.memorisation`). The
share of samples that are nearer is 1/2 where nothing was copied. "Copied" is said where it is above 1/2 by more than
`LIMIT` standard errors (z < -3). The same test judges sets of which the answer is known: it must say it of training
images, of training images moved by a pixel or two, and not of other held-out images.
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
from lightning_gan.studies.goodfellow2014.memorisation_plot import histograms
from lightning_gan.studies.goodfellow2014.mnist_run import mnist_run
from lightning_gan.utils import images

FULL, SHORT = (1000, None), (200, 10_000)  # images of each set; training images, from the first
LIMIT = 3.0
REACH = 2  # pixels
BLUR = 0.7  # pixels: what smoothness alone does to the distances
PIXELS, MOVED, FEATURES = "pixels", f"pixels, moves of up to {REACH} allowed", "64 features"
Distance = Callable[[Tensor], Tensor]

# whether the test must say "copied", in each space; None: shown only
EXPECTED: dict[str, dict[str, bool | None]] = {
    "training images": {PIXELS: True, MOVED: True, FEATURES: True},
    "training images, moved": {PIXELS: False, MOVED: True, FEATURES: None},
    "held-out images": {PIXELS: False, MOVED: False, FEATURES: False},
    "held-out images, blurred": {PIXELS: None, MOVED: None, FEATURES: None},
    "samples of G": {PIXELS: False, MOVED: False, FEATURES: False},
}


def spaces(sample_set: Tensor, network: FeatureExtractor | None) -> dict[str, Distance]:
    """Distances of bytes, [n, 1, 28, 28], to the nearest of the sample set, by the name of the space."""
    unit = sample_set.float() / 255
    found: dict[str, Distance] = {
        PIXELS: lambda x: nearest_distance(x.float() / 255, unit),
        MOVED: lambda x: shift_blind_distance(x.float() / 255, unit, REACH),
    }
    if network is not None:
        net = network
        vectors = embed(net, sample_set)
        found[FEATURES] = lambda x: nearest_distance(embed(net, x), vectors)
    return found


def embed(network: FeatureExtractor, image_bytes: Tensor) -> Tensor:
    """Vectors of bytes, [n, dim]."""
    return torch.cat([network(part).vectors for part in image_bytes.split(1000)])


def moved(image_bytes: Tensor, seed: int = 0) -> Tensor:
    """Each image moved at random by up to `REACH` pixels along each axis, but not left where it is."""
    everywhere = torch.stack(shift_images(image_bytes, REACH))
    middle = len(everywhere) // 2
    which = torch.randint(
        1, len(everywhere), (len(image_bytes),), generator=torch.Generator().manual_seed(seed)
    )
    return everywhere[(middle + which) % len(everywhere), torch.arange(len(image_bytes))]


def known_sets(sample_set: Tensor, held_out: Tensor) -> dict[str, Tensor]:
    """Images of which it is known whether they are copies, as many of each as there are held-out ones."""
    originals = sample_set[: len(held_out)]
    return {
        "training images": originals,
        "training images, moved": moved(originals),
        "held-out images": held_out,
        "held-out images, blurred": gaussian_blur(held_out, [5, 5], [BLUR, BLUR]),
    }


def judge_memorisation(audits: Sequence[Audit], expected: bool | None) -> Verdict:
    """Whether the test says what it must; of samples, for every seed."""
    if expected is None:
        return Verdict.SHOWN
    return Verdict.of(all((a.z < -LIMIT) == expected for a in audits))


def row(name: str, space: str, audits: Sequence[Audit], n: int, image: Path) -> Finding:
    """One set in one space."""
    expected = EXPECTED[name][space]
    one = audits[0]
    share = (
        f"{one.share:.3f} ± {one.se:.3f}"
        if len(audits) == 1
        else format_over_seeds([a.share for a in audits])
    )
    return Finding(
        f"{name}, {space}: share nearer to the training data",
        {True: "copied", False: "not copied", None: ""}[expected],
        f"{share}, z = {', '.join(f'{a.z:.2f}' for a in audits)} (n = {n:,})",
        judge_memorisation(audits, expected),
        image,
    )


def classifier() -> tuple[FeatureExtractor | None, list[Finding]]:
    """The network of the features; or none, and a finding that says why."""
    try:
        return Classifier().load(), []
    except WeightsError as error:
        return None, [Finding(f"the same in {FEATURES}", "", str(error), Verdict.NOT_RUN)]


def tabulated(
    sets: Mapping[str, Sequence[Tensor]],
    reference: Tensor,
    measures: Mapping[str, Distance],
    out: Path,
) -> list[Finding]:
    """Every set in every space, and the image.

    Args:
        sets: bytes by name; several where there are several seeds.
        reference: bytes of held-out images.
        measures: distances by the name of the space.
        out: file of the image.
    """  # fmt: skip
    rows, distances = [], {}
    for space, measure in measures.items():
        scale = measure(reference)
        distances[space] = {"held-out images, reference": scale}
        for name, seeds in sets.items():
            each = [measure(image_bytes) for image_bytes in seeds]
            rows.append(row(name, space, [audit(d, scale) for d in each], len(seeds[0]), out))
            distances[space][name] = each[0]
    images.save_image(histograms(distances), out)
    return rows


def run(setting: Setting) -> list[Finding]:
    """Table and image of G's samples and of the known sets."""
    n, of = SHORT if setting.quick else FULL
    network, missing = classifier()
    runs = [mnist_run(setting, seed) for seed in setting.seeds]
    data = load_data(runs[0])
    sample_set, test = data.uint8_images("train")[:of], data.uint8_images("test")
    # in two random halves, which must be alike; MNIST's validation images share their writers with the training ones
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    reference, held_out = test[order[:n]], test[order[n : 2 * n]]
    sets = {name: [image_bytes] for name, image_bytes in known_sets(sample_set, held_out).items()}
    sets["samples of G"] = [
        images.to_uint8(load_model(r).sample(n).cpu(), data.display_range) for r in runs
    ]
    image = setting.folder("memorisation") / "distances.png"
    return tabulated(sets, reference, spaces(sample_set, network), image) + missing


CLAIM = Claim(
    "memorisation",
    "fig. 2",
    "the model has not memorised the training set",
    run,
    seconds=115.0,
    quick_seconds=15.0,
    mnist_runs=count_one_run,
)
