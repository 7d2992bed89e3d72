"""`python -m lightning_gan evaluate`: every score of any model's samples, through one door."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from lightning_gan import trust
from lightning_gan.cli import class_names
from lightning_gan.cli.lightning_parser import make_parser_class
from lightning_gan.cli.reference_data import CHOOSING, data_of_run, real_data
from lightning_gan.domains import Count, SampleCount, Seed, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.evaluation import (
    Frechet,
    Pictures,
    Samples,
    Scores,
    described,
    natural_space,
    over_banks,
)
from lightning_gan.evaluation.cost import cost_of_scoring, images_per_second, meaning_of_few
from lightning_gan.evaluation.door import MEASURES, Door, RealData, device
from lightning_gan.evaluation.files import in_channels, read_pictures
from lightning_gan.evaluation.parzen import window_of_files
from lightning_gan.evaluation.tables import (
    check_place,
    compare,
    print_scores,
    read_scores,
    ruler_table,
    write_scores,
)
from lightning_gan.features import FeatureSpace
from lightning_gan.picture_files import printable
from lightning_gan.saved import load


@check_arguments
def evaluate(
    ckpt_path: str | None = None,
    samples: str | None = None,
    data: str | None = None,
    split: Literal["train", "val", "test"] = "test",
    root: str = "data",
    num_samples: SampleCount = 10_000,
    num_real: Count | None = None,
    metrics: list[str] | None = None,
    features: Sequence[str] | FeatureSpace | None = None,
    weights: str | None = None,
    seed: Seed = 0,
    repeats: Count = 1,
    baselines: bool = True,
    compare_to: str | None = None,
    json: str | None = None,
    accept_changed_data: bool = False,
    engine: Literal["suite", "torch-fidelity"] = "suite",
) -> None:
    """Score samples of a checkpoint, or pictures of any model, against real images: a table, and a file.

    Args:
        ckpt_path: A checkpoint of this suite, whose samples are scored.
        samples: Pictures of any model instead: a folder, or an array in an .npz, .npy or .pt file.
        data: The real images: a data set of this suite (MNIST, CIFAR10), a folder of pictures, an .npz, .npy or .pt
            file, or a config that names data; those that the checkpoint's run learned from if it is not given.
        split: Of the data set.
        root: Folder of the data set's files.
        num_samples: Number of samples to draw of the checkpoint, or of files to read, 1 to 10,000,000: the first
            ones, by name.
        num_real: So many of the real images, always the same, at least 1; all if it is not given.
        metrics: Which scores, such as fid,kid (or is, pr, parzen); all if it is not given.
        features: Feature extractor: Inception, Classifier or DINOv2, or its name and settings as words, such as
            ["Classifier", "data=mnist"]; the one that suits the data if it is not given.
        weights: File with the weights of the space.
        seed: Of the noise, 0 to 2^32 - 1.
        repeats: Banks to draw, with seeds from `seed` up, at least 1: every score is then their mean ± standard
            deviation.
        baselines: Whether to score models that need no training beside it; kept on disk for the next time.
        compare_to: A file that --json wrote, or a run's scores.json, to set scores side by side where protocols agree.
        json: File to write, with torch-fidelity's key names and the protocol cards.
        accept_changed_data: Whether to score against a run's own data although they have changed since it read them.
        engine: torch-fidelity: compute the scores with that package as well, on the same images, and print both.
    """
    _check(ckpt_path, samples, repeats)
    asked = _names(metrics)
    theirs = read_scores(compare_to) if compare_to else None
    if json:
        check_place(Path(json))
    real = data or data_of_run(ckpt_path, accept_changed_data)
    known = real_data(real, root, split, num_real, "parzen" in asked)
    known, banks = (
        _samples(cast(str, ckpt_path), known, num_samples, range(seed, seed + repeats))
        if samples is None
        else _pictures(samples, known, num_samples)
    )
    # grey files are seen by the digits' classifier, whatever their folder is called
    learned = known.real.name if known.train is not None else "mnist"
    space = _extractor(features) or natural_space(known.real.pictures.shape[1:], learned)
    if weights:
        space = replace(cast(Any, space), weights=weights)
    door = Door(known, space, asked, must=weights is not None, engine=engine)
    _state_cost(door, banks, baselines)
    started = time.monotonic()
    scored = [door.score(bank) for bank in banks]
    found = over_banks(scored)
    print_scores(found, time.monotonic() - started)
    rows = door.ruler(banks[0].n, seed) if baselines and found.scores else {}
    if rows:
        print(f"\nThe same of models that need no training:\n{ruler_table(found, rows)}")
    if json:
        write_scores(Path(json), found, rows)
        print(f"written: {json}")
    if engine == "torch-fidelity":
        print(_beside_torch_fidelity(door, banks, scored))
    if theirs is not None:
        print(compare(found.scores, theirs, str(compare_to)))
    if not found.scores:
        raise UserError("No score could be had: the reasons stand above.")


def _beside_torch_fidelity(
    door: Door, banks: Sequence[Samples | Pictures], scored: Sequence[Scores]
) -> str:
    """Score the same images with torch-fidelity; return a table of both."""
    pairs = zip(banks, scored, strict=True)
    theirs = over_banks([door.score_with_torch_fidelity(bank, ours) for bank, ours in pairs])
    return compare(over_banks(scored).scores, theirs.scores, "torch-fidelity")


def _extractor(asked: Sequence[str] | FeatureSpace | None) -> FeatureSpace | None:
    """Make a feature extractor from its name and its settings."""
    if asked is None or isinstance(asked, FeatureSpace):
        return asked
    name, *settings = asked
    words = ["--features", name]
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"--features {name} {setting}: give settings as KEY=VALUE.")
        words += [f"--features.{key}", value]
    trust.settle()
    names = [kind.__name__ for kind in class_names.FEATURES]
    parser = make_parser_class(names, words)()
    parser.add_subclass_arguments(FeatureSpace, "features")
    made: FeatureSpace = parser.instantiate_classes(parser.parse_args(words)).features
    return made


def _state_cost(door: Door, banks: Sequence[Samples | Pictures], baselines: bool) -> None:
    """Print how long the feature network will take, and what few images mean, if that is long; measured on a CPU."""
    if door.against is None or device() != "cpu":
        return
    network, real = door.against.network, door.known.real
    n, n_real = banks[0].n, len(real.pictures)
    speed = images_per_second(network, tuple(real.pictures.shape[1:]))
    baselines = baselines and door.known.train is not None
    cost = cost_of_scoring(network.name, n * len(banks), n_real, speed, baselines)
    if not cost:
        return
    few = meaning_of_few(n_real, n, network.dim, real.split)
    if few and any(isinstance(measure, Frechet) for measure in door.measures):
        print(few)
    print(cost, flush=True)


def _samples(
    ckpt_path: str, known: RealData, num: int, seeds: Sequence[int]
) -> tuple[RealData, list[Samples | Pictures]]:
    """A bank for each seed, and the real images in the model's channels."""
    gan = load(ckpt_path).to(device())
    known = _in_channels_of(known, gan.generator.data_shape[0])
    real = known.real
    shape = tuple(real.pictures.shape[1:])
    if gan.generator.data_shape != shape:
        raise UserError(
            f"{ckpt_path} makes {list(gan.generator.data_shape)} but {real.name} is {list(shape)}: compare it with "
            f"data of its own shape."
        )
    shown = known.shown_range or gan.generator.value_range
    return known, [Samples(gan, num, seed, shown, described(gan)) for seed in seeds]


def _in_channels_of(known: RealData, channels: int) -> RealData:
    """Give grey real images of files three equal colours, where samples in colour are compared with them.

    A file says no more than that its pixels are grey; the images of a data set stay as they are.
    """
    if known.train is not None or channels != 3 or known.real.pictures.shape[1] != 1:
        return known
    print("The real images are grey: they are scored as three equal colours, like the samples.")
    real = replace(known.real, pictures=in_channels(known.real.pictures, 3, "the real images"))
    window = window_of_files(real, CHOOSING) if known.window else None
    return replace(known, real=real, window=window)


def _pictures(path: str, known: RealData, num: int) -> tuple[RealData, list[Samples | Pictures]]:
    """The first `num` pictures of files, and the real images in their channels."""
    read = read_pictures(path, num)
    for note in read.notes:
        print(f"{printable(path)}: {note}.")
    if read.lossy:
        print(
            f"{printable(path)} holds JPEG files: their artefacts move every score. PNG keeps what the model made."
        )
    known = _in_channels_of(known, read.pictures.shape[1])
    wanted = known.real.pictures.shape[1]
    return known, [Pictures(in_channels(read.pictures, wanted, "the samples"), "files")]


def _names(metrics: list[str] | None) -> list[str]:
    """Of the metrics asked, each once."""
    known = [*MEASURES, "parzen"]
    for name in metrics or ():
        if name not in known:
            raise UserError(f"There is no metric {name!r}: choose from {', '.join(known)}.")
    return list(dict.fromkeys(metrics or known))


def _check(ckpt_path: str | None, samples: str | None, repeats: int) -> None:
    if (ckpt_path is None) == (samples is None):
        raise UserError("Give one of --ckpt_path FILE and --samples DIR|FILE (.npz, .npy, .pt).")
    if samples is not None and repeats > 1:
        raise UserError("Files hold one bank: only a checkpoint can draw again for --repeats.")
