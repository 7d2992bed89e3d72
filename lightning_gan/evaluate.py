"""`python -m lightning_gan evaluate`: every score of any model's samples, through one door. Knows the data sets."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor

import datamodules
from lightning_gan.commands import load
from lightning_gan.evaluation import (
    Against,
    Frechet,
    Inception,
    Kernel,
    Measure,
    Neighbours,
    Pictures,
    RealSet,
    Samples,
    Score,
    Scores,
    described,
    full_name,
    natural_space,
    over_banks,
    score,
)
from lightning_gan.evaluation.files import in_channels, is_lossy, read_pictures
from lightning_gan.evaluation.parzen import Window, as_score, centres, window, window_of_files
from lightning_gan.evaluation.ruler import baselines, kept
from lightning_gan.evaluation.tables import compare, print_scores, read_scores, write_scores
from lightning_gan.features import FeatureSpace, WeightsError, cache_folder
from lightning_gan.metrics import parzen_protocol

MetricName = Literal["fid", "is", "kid", "pr", "parzen"]
MEASURES: dict[str, Measure] = {
    "fid": Frechet(), "is": Inception(), "kid": Kernel(), "pr": Neighbours(),
}  # fmt: skip
CHOOSING = 1_000  # images that choose sigma, as in 2014


@dataclass(frozen=True)
class RealData:
    """What samples are compared with, from a data set or from files.

    Attributes:
        real: pictures to compare with.
        train: training images in [0, 1] for the ruler; none where the data have no splits.
        window: images of the Parzen score.
        shown_range: values of the data that a picture shows as black and white; none where there are only pictures.
    """

    real: RealSet
    train: Tensor | None
    window: Window | None
    shown_range: tuple[float, float] | None = None


def evaluate(
    data: str,
    ckpt_path: str | None = None,
    samples: str | None = None,
    split: Literal["train", "val", "test"] = "test",
    root: str = "data",
    num: int = 10_000,
    num_real: int | None = None,
    metrics: list[MetricName] | None = None,
    features: FeatureSpace | None = None,
    weights: str | None = None,
    seed: int = 0,
    repeats: int = 1,
    ruler: bool = True,
    against: str | None = None,
    json: str | None = None,
) -> None:
    """Score samples of a checkpoint, or pictures of any model, against real images: a table, and a file.

    Args:
        data: The real images: a data set of this suite (MNIST, CIFAR10), a folder of pictures, or an .npz of bytes.
        ckpt_path: A checkpoint of this suite, whose samples are scored.
        samples: Instead: a folder of pictures, or an .npz of bytes, whoever made them.
        split: Of the data set.
        root: Folder of the data set's files.
        num: Samples to draw of the checkpoint; the first so many files.
        num_real: So many of the real images, always the same; all if it is not given.
        metrics: Which scores, such as [fid,kid]; all if it is not given.
        features: Their space: Inception, Classifier or DINOv2; the one that suits the data if it is not given.
        weights: File with the weights of the space.
        seed: Of the noise.
        repeats: Banks to draw, with seeds from `seed` up: every score is then their mean ± standard deviation.
        ruler: Whether to score models that need no training beside it; kept on disk for the next time.
        against: A file that --json wrote: scores are set side by side where their protocols agree.
        json: File to write, with torch-fidelity's key names and the protocol cards.
    """
    _check(ckpt_path, samples, num, repeats)
    theirs = read_scores(against) if against else None
    asked = list(dict.fromkeys(metrics or (*MEASURES, "parzen")))
    known = real_data(data, root, split, num_real, "parzen" in asked)
    banks = (
        [_samples(cast(str, ckpt_path), known, num, seed + i) for i in range(repeats)]
        if samples is None
        else [_pictures(samples, known.real, num)]
    )
    space = features or natural_space(known.real.pictures.shape[1], known.real.name)
    if weights:
        space = replace(cast(Any, space), weights=weights)
    door = Door(known, space, asked)
    started = time.monotonic()
    found = over_banks([door.score(bank) for bank in banks])
    rows = door.ruler(banks[0].n, seed) if ruler else {}
    print_scores(found, rows, time.monotonic() - started)
    if json:
        write_scores(Path(json), found, rows)
    if theirs is not None:
        print(compare(found.scores, theirs, str(against)))
    if not found.scores:
        raise ValueError("No score could be had: the reasons stand above.")


class Door:
    """One way from a bank to its scores, for the model and for every baseline.

    Args:
        known: real images.
        space: of the features; a space without weights refuses its scores, and the others are computed.
        asked: names of metrics.
    """

    def __init__(self, known: RealData, space: FeatureSpace, asked: Sequence[str]) -> None:
        self.known, self.parzen = known, "parzen" in asked
        self.measures = [MEASURES[name] for name in asked if name in MEASURES]
        self.against, self.reason, self.suffix = None, "", space.suffix
        try:
            if self.measures:
                device = "cuda" if torch.cuda.is_available() else "cpu"
                network = space.load().to(device)
                self.against = Against(known.real, network, space.suffix)
        except WeightsError as error:
            self.reason = f"no weights of {space.name}: {str(error).rstrip('.')}"

    def score(self, bank: Samples | Pictures) -> Scores:
        """All scores that were asked."""
        found = Scores()
        if self.against:
            found = score(bank, self.against, self.measures)
        elif self.measures:
            names = [full_name(n, self.suffix) for m in self.measures for n in m.names]
            found.refused |= dict.fromkeys(names, self.reason)
        if self.parzen:
            self._parzen(bank, found)
        return found

    def _parzen(self, bank: Samples | Pictures, found: Scores) -> None:
        images = self.known.window
        if images is None:
            found.refused["parzen_nats"] = "the data have no images that could choose sigma"
            return
        value = parzen_protocol(centres(bank), images.choosing, images.scored)
        found.scores.append(as_score(value, bank, images))

    def ruler(self, n: int, seed: int) -> dict[str, list[Score]]:
        """The scores of the baselines, with as many samples; from disk where they were computed before."""
        train = self.known.train
        if train is None:
            print("No ruler: the data have no training split that baselines could learn from.")
            return {}
        digest = RealSet("", "", train).digest
        rows = {}
        for name, make in baselines(train, n, seed):
            key = "|".join(map(repr, (name, n, seed, digest, self._identity())))
            rows[name] = kept(key, cache_folder(), lambda make=make: self.score(make()).scores)  # type: ignore[misc]
        return rows

    def _identity(self) -> tuple[Any, ...]:
        images = self.known.window
        pixels = (images.wording, len(images.choosing), len(images.scored)) if images else ()
        real = self.known.real
        network = self.against.network.weights if self.against else self.reason
        return (real.name, real.split, real.digest, network, self.measures, self.parzen, pixels)


def real_data(data: str, root: str, split: str, num: int | None, with_window: bool) -> RealData:
    """Real images by the name of a data set, or from a folder or an .npz."""
    kind = getattr(datamodules, data, None) if data in datamodules.__all__ else None
    if kind is None or not issubclass(kind, datamodules.ImageData):
        pictures = read_pictures(data)
        real = RealSet(Path(data).name, "all", pictures).drawn(num)
        return RealData(real, None, window_of_files(real, CHOOSING) if with_window else None)
    module = kind(root=root)
    module.prepare_data()
    module.setup()
    real = RealSet(module.name, split, module.pictures(split)).drawn(num)
    train = module.pictures("train").float() / 255
    scored = window(module, split, CHOOSING) if with_window else None
    return RealData(real, train, scored, module.shown_range)


def _samples(ckpt_path: str, known: RealData, num: int, seed: int) -> Samples:
    gan, real = load(ckpt_path), known.real
    shape = tuple(real.pictures.shape[1:])
    if gan.generator.data_shape != shape:
        raise ValueError(
            f"{ckpt_path} makes {list(gan.generator.data_shape)} but {real.name} is {list(shape)}: compare it with "
            f"data of its own shape."
        )
    shown = known.shown_range or gan.generator.value_range
    return Samples(gan, num, seed, shown, described(gan))


def _pictures(path: str, real: RealSet, num: int) -> Pictures:
    pictures = in_channels(read_pictures(path)[:num], real.pictures.shape[1], "the samples")
    if is_lossy(path):
        print(
            f"{path} holds JPEG files: their artefacts move every score. PNG keeps what the model made."
        )
    return Pictures(pictures, "files")


def _check(ckpt_path: str | None, samples: str | None, num: int, repeats: int) -> None:
    if (ckpt_path is None) == (samples is None):
        raise ValueError("Give one of --ckpt_path FILE and --samples DIR|FILE.npz.")
    if num < 1 or repeats < 1:
        raise ValueError(f"num is {num} and repeats {repeats}: give 1 or more of each.")
    if samples is not None and repeats > 1:
        raise ValueError("Files hold one bank: only a checkpoint can draw again for --repeats.")
