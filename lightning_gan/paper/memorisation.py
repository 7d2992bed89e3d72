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

from lightning_gan import images
from lightning_gan.features import Classifier, FeatureNetwork, WeightsError
from lightning_gan.metrics.memorisation import (
    Audit,
    audit,
    nearest_distance,
    shift_blind_distance,
    shifts,
)
from lightning_gan.paper.claim import Claim, Finding, Setting, Verdict, one_run, over_seeds
from lightning_gan.paper.finished import data_of, players_of
from lightning_gan.paper.memorisation_picture import histograms
from lightning_gan.paper.mnist_run import mnist_run

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


def spaces(bank: Tensor, network: FeatureNetwork | None) -> dict[str, Distance]:
    """Distances of bytes, [n, 1, 28, 28], to the nearest of the bank, by the name of the space."""
    unit = bank.float() / 255
    found: dict[str, Distance] = {
        PIXELS: lambda x: nearest_distance(x.float() / 255, unit),
        MOVED: lambda x: shift_blind_distance(x.float() / 255, unit, REACH),
    }
    if network is not None:
        net = network
        vectors = embed(net, bank)
        found[FEATURES] = lambda x: nearest_distance(embed(net, x), vectors)
    return found


def embed(network: FeatureNetwork, pictures: Tensor) -> Tensor:
    """Vectors of bytes, [n, dim]."""
    return torch.cat([network(part).vectors for part in pictures.split(1000)])


def moved(pictures: Tensor, seed: int = 0) -> Tensor:
    """Each picture moved at random by up to `REACH` pixels along each axis, but not left where it is."""
    everywhere = torch.stack(shifts(pictures, REACH))
    middle = len(everywhere) // 2
    which = torch.randint(
        1, len(everywhere), (len(pictures),), generator=torch.Generator().manual_seed(seed)
    )
    return everywhere[(middle + which) % len(everywhere), torch.arange(len(pictures))]


def known_sets(bank: Tensor, held_out: Tensor) -> dict[str, Tensor]:
    """Pictures of which it is known whether they are copies, as many of each as there are held-out ones."""
    originals = bank[: len(held_out)]
    return {
        "training images": originals,
        "training images, moved": moved(originals),
        "held-out images": held_out,
        "held-out images, blurred": gaussian_blur(held_out, [5, 5], [BLUR, BLUR]),
    }


def judged(audits: Sequence[Audit], expected: bool | None) -> Verdict:
    """Whether the test says what it must; of samples, for every seed."""
    if expected is None:
        return Verdict.SHOWN
    return Verdict.of(all((a.z < -LIMIT) == expected for a in audits))


def row(name: str, space: str, audits: Sequence[Audit], n: int, picture: Path) -> Finding:
    """One set in one space."""
    expected = EXPECTED[name][space]
    one = audits[0]
    share = (
        f"{one.share:.3f} ± {one.se:.3f}"
        if len(audits) == 1
        else over_seeds([a.share for a in audits])
    )
    return Finding(
        f"{name}, {space}: share nearer to the training data",
        {True: "copied", False: "not copied", None: ""}[expected],
        f"{share}, z = {', '.join(f'{a.z:.2f}' for a in audits)} (n = {n:,})",
        judged(audits, expected),
        picture,
    )


def classifier() -> tuple[FeatureNetwork | None, list[Finding]]:
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
    """Every set in every space, and the picture.

    Args:
        sets: bytes by name; several where there are several seeds.
        reference: bytes of held-out images.
        measures: distances by the name of the space.
        out: file of the picture.
    """  # fmt: skip
    rows, distances = [], {}
    for space, measure in measures.items():
        scale = measure(reference)
        distances[space] = {"held-out images, reference": scale}
        for name, seeds in sets.items():
            each = [measure(pictures) for pictures in seeds]
            rows.append(row(name, space, [audit(d, scale) for d in each], len(seeds[0]), out))
            distances[space][name] = each[0]
    images.save(histograms(distances), out)
    return rows


def run(setting: Setting) -> list[Finding]:
    """Table and picture of G's samples and of the known sets."""
    n, of = SHORT if setting.quick else FULL
    network, missing = classifier()
    runs = [mnist_run(setting, seed) for seed in setting.seeds]
    data = data_of(runs[0])
    bank, test = data.pictures("train")[:of], data.pictures("test")
    # in two random halves, which must be alike; MNIST's validation images share their writers with the training ones
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    reference, held_out = test[order[:n]], test[order[n : 2 * n]]
    sets = {name: [pictures] for name, pictures in known_sets(bank, held_out).items()}
    sets["samples of G"] = [
        images.to_uint8(players_of(r).sample(n).cpu(), data.shown_range) for r in runs
    ]
    picture = setting.folder("memorisation") / "distances.png"
    return tabulated(sets, reference, spaces(bank, network), picture) + missing


CLAIM = Claim(
    "memorisation",
    "fig. 2",
    "the model has not memorised the training set",
    run,
    seconds=115.0,
    quick_seconds=15.0,
    mnist_runs=one_run,
)
