"""`python -m lightning_gan evaluate`: every score of any model's samples, through one door."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from lightning_gan.command_line.real_data import data_of_run, real_data
from lightning_gan.evaluation import (
    Pictures,
    RealSet,
    Samples,
    described,
    natural_space,
    over_banks,
)
from lightning_gan.evaluation.door import MEASURES, Door, RealData, device
from lightning_gan.evaluation.files import in_channels, is_lossy, read_pictures
from lightning_gan.evaluation.tables import (
    check_place,
    compare,
    print_scores,
    read_scores,
    ruler_table,
    write_scores,
)
from lightning_gan.features import FeatureSpace
from lightning_gan.saved import load


def evaluate(
    ckpt_path: str | None = None,
    samples: str | None = None,
    data: str | None = None,
    split: Literal["train", "val", "test"] = "test",
    root: str = "data",
    num: int = 10_000,
    num_real: int | None = None,
    metrics: list[str] | None = None,
    features: FeatureSpace | None = None,
    weights: str | None = None,
    seed: int = 0,
    repeats: int = 1,
    ruler: bool = True,
    against: str | None = None,
    json: str | None = None,
    accept_changed_data: bool = False,
) -> None:
    """Score samples of a checkpoint, or pictures of any model, against real images: a table, and a file.

    Args:
        ckpt_path: A checkpoint of this suite, whose samples are scored.
        samples: Instead: a folder of pictures, or an .npz of bytes, whoever made them.
        data: The real images: a data set of this suite (MNIST, CIFAR10), a folder of pictures, an .npz of bytes, or a
            config that names data; those that the checkpoint's run learned from if it is not given.
        split: Of the data set.
        root: Folder of the data set's files.
        num: Samples to draw of the checkpoint; the first so many files.
        num_real: So many of the real images, always the same; all if it is not given.
        metrics: Which scores, such as fid,kid (or is, pr, parzen); all if it is not given.
        features: Their space: Inception, Classifier or DINOv2; the one that suits the data if it is not given.
        weights: File with the weights of the space.
        seed: Of the noise.
        repeats: Banks to draw, with seeds from `seed` up: every score is then their mean ± standard deviation.
        ruler: Whether to score models that need no training beside it; kept on disk for the next time.
        against: A file that --json wrote, or a run's scores.json, to set scores side by side where protocols agree.
        json: File to write, with torch-fidelity's key names and the protocol cards.
        accept_changed_data: Whether to score against a run's own data although they have changed since it read them.
    """
    _check(ckpt_path, samples, num, repeats)
    asked = _names(metrics)
    theirs = read_scores(against) if against else None
    if json:
        check_place(Path(json))
    real = data or data_of_run(ckpt_path, accept_changed_data)
    known = real_data(real, root, split, num_real, "parzen" in asked)
    banks = (
        _samples(cast(str, ckpt_path), known, num, range(seed, seed + repeats))
        if samples is None
        else [_pictures(samples, known.real, num)]
    )
    # grey files are seen by the digits' classifier, whatever their folder is called
    learned = known.real.name if known.train is not None else "mnist"
    space = features or natural_space(known.real.pictures.shape[1:], learned)
    if weights:
        space = replace(cast(Any, space), weights=weights)
    door = Door(known, space, asked, must=weights is not None)
    started = time.monotonic()
    found = over_banks([door.score(bank) for bank in banks])
    print_scores(found, time.monotonic() - started)
    rows = door.ruler(banks[0].n, seed) if ruler and found.scores else {}
    if rows:
        print(f"\nThe same of models that need no training:\n{ruler_table(found, rows)}")
    if json:
        write_scores(Path(json), found, rows)
        print(f"written: {json}")
    if theirs is not None:
        print(compare(found.scores, theirs, str(against)))
    if not found.scores:
        raise ValueError("No score could be had: the reasons stand above.")


def _samples(
    ckpt_path: str, known: RealData, num: int, seeds: Sequence[int]
) -> list[Samples | Pictures]:
    """A bank for each seed."""
    gan, real = load(ckpt_path).to(device()), known.real
    shape = tuple(real.pictures.shape[1:])
    if gan.generator.data_shape != shape:
        raise ValueError(
            f"{ckpt_path} makes {list(gan.generator.data_shape)} but {real.name} is {list(shape)}: compare it with "
            f"data of its own shape."
        )
    shown = known.shown_range or gan.generator.value_range
    return [Samples(gan, num, seed, shown, described(gan)) for seed in seeds]


def _pictures(path: str, real: RealSet, num: int) -> Pictures:
    pictures = in_channels(read_pictures(path)[:num], real.pictures.shape[1], "the samples")
    if is_lossy(path):
        print(
            f"{path} holds JPEG files: their artefacts move every score. PNG keeps what the model made."
        )
    return Pictures(pictures, "files")


def _names(metrics: list[str] | None) -> list[str]:
    """Of the metrics asked, each once."""
    known = [*MEASURES, "parzen"]
    for name in metrics or ():
        if name not in known:
            raise ValueError(f"There is no metric {name!r}: choose from {', '.join(known)}.")
    return list(dict.fromkeys(metrics or known))


def _check(ckpt_path: str | None, samples: str | None, num: int, repeats: int) -> None:
    if (ckpt_path is None) == (samples is None):
        raise ValueError("Give one of --ckpt_path FILE and --samples DIR|FILE.npz.")
    if num < 1 or repeats < 1:
        raise ValueError(f"num is {num} and repeats {repeats}: give 1 or more of each.")
    if samples is not None and repeats > 1:
        raise ValueError("Files hold one bank: only a checkpoint can draw again for --repeats.")
