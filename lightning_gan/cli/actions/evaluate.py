"""`python -m lightning_gan evaluate`: every score of any model's samples, through one interface."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from lightning_gan.arguments import Count, SampleCount, Seed, check_arguments
from lightning_gan.checkpoints.load import load
from lightning_gan.cli import class_names
from lightning_gan.cli.lightning_parser import make_parser_class
from lightning_gan.evaluation import (
    EvaluationResult,
    FIDMetric,
    ImageSet,
    ModelSamples,
    default_extractor,
    describe_generator,
    score_over_seeds,
)
from lightning_gan.evaluation.cost import (
    describe_scoring_cost,
    describe_small_sample_effect,
    estimate_images_per_second,
)
from lightning_gan.evaluation.evaluator import Evaluator, ReferenceData, choose_device
from lightning_gan.evaluation.image_sources import convert_channels, read_images
from lightning_gan.evaluation.parzen import make_parzen_split_of_files
from lightning_gan.evaluation.reference_data import CHOOSING, load_data_of_run, load_reference_data
from lightning_gan.evaluation.tables import (
    check_output_path,
    compare_scores,
    format_baselines,
    print_scores,
    read_scores,
    write_scores,
)
from lightning_gan.feature_extractors import FeatureExtractorConfig
from lightning_gan.image_files import to_printable
from lightning_gan.tracking.metric_keys import FEATURE_METRICS
from lightning_gan.utils import trusted_classes
from lightning_gan.utils.errors import UserError


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
    features: Sequence[str] | FeatureExtractorConfig | None = None,
    weights: str | None = None,
    seed: Seed = 0,
    repeats: Count = 1,
    baselines: bool = True,
    compare_to: str | None = None,
    json: str | None = None,
    accept_changed_data: bool = False,
    engine: Literal["suite", "torch-fidelity"] = "suite",
) -> None:
    """Score samples of a checkpoint, or images of any model, against real images: a table, and a file.

    Args:
        ckpt_path: A checkpoint of this suite, whose samples are scored.
        samples: Images of any model instead: a folder, or an array in an .npz, .npy or .pt file.
        data: The real images: a data set of this suite (MNIST, CIFAR10), a folder of images, an .npz, .npy or .pt
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
        repeats: Sample sets to draw, with seeds from `seed` up, at least 1: every score is then their mean ± standard
            deviation.
        baselines: Whether to score models that need no training beside it; kept on disk for the next time.
        compare_to: A file that --json wrote, or a run's scores.json, to set scores side by side where protocols agree.
        json: File to write, with torch-fidelity's key names and the protocols.
        accept_changed_data: Whether to score against a run's own data although they have changed since it read them.
        engine: torch-fidelity: compute the scores with that package as well, on the same images, and print both.
    """
    _check(ckpt_path, samples, repeats)
    asked = _names(metrics)
    theirs = read_scores(compare_to) if compare_to else None
    if json:
        check_output_path(Path(json))
    real = data or load_data_of_run(ckpt_path, accept_changed_data)
    known = load_reference_data(real, root, split, num_real, "parzen" in asked)
    known, sample_sets = (
        _samples(cast(str, ckpt_path), known, num_samples, range(seed, seed + repeats))
        if samples is None
        else _images(samples, known, num_samples)
    )
    # grey files are seen by the digits' classifier, whatever their folder is called
    learned = known.real.name if known.train is not None else "mnist"
    space = _extractor(features) or default_extractor(known.real.uint8_images.shape[1:], learned)
    if weights:
        space = replace(cast(Any, space), weights=weights)
    evaluator = Evaluator(known, space, asked, require_weights=weights is not None, engine=engine)
    _state_cost(evaluator, sample_sets, baselines)
    started = time.monotonic()
    scored = [evaluator.score(sample_set) for sample_set in sample_sets]
    found = score_over_seeds(scored)
    print_scores(found, time.monotonic() - started)
    rows = evaluator.baselines(sample_sets[0].n, seed) if baselines and found.scores else {}
    if rows:
        print(f"\nThe same of models that need no training:\n{format_baselines(found, rows)}")
    if json:
        write_scores(Path(json), found, rows)
        print(f"written: {json}")
    if engine == "torch-fidelity":
        print(_beside_torch_fidelity(evaluator, sample_sets, scored))
    if theirs is not None:
        print(compare_scores(found.scores, theirs, str(compare_to)))
    if not found.scores:
        raise UserError("No score could be had: the reasons stand above.")


def _beside_torch_fidelity(
    evaluator: Evaluator,
    sample_sets: Sequence[ModelSamples | ImageSet],
    scored: Sequence[EvaluationResult],
) -> str:
    """Score the same images with torch-fidelity; return a table of both."""
    pairs = zip(sample_sets, scored, strict=True)
    theirs = score_over_seeds(
        [evaluator.score_with_torch_fidelity(sample_set, ours) for sample_set, ours in pairs]
    )
    return compare_scores(score_over_seeds(scored).scores, theirs.scores, "torch-fidelity")


def _extractor(
    asked: Sequence[str] | FeatureExtractorConfig | None,
) -> FeatureExtractorConfig | None:
    """Make a feature extractor from its name and its settings."""
    if asked is None or isinstance(asked, FeatureExtractorConfig):
        return asked
    name, *settings = asked
    words = ["--features", name]
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"--features {name} {setting}: give settings as KEY=VALUE.")
        words += [f"--features.{key}", value]
    trusted_classes.restrict_imports()
    names = [kind.__name__ for kind in class_names.FEATURES]
    parser = make_parser_class(names, words)()
    parser.add_subclass_arguments(FeatureExtractorConfig, "features")
    made: FeatureExtractorConfig = parser.instantiate_classes(parser.parse_args(words)).features
    return made


def _state_cost(
    evaluator: Evaluator, sample_sets: Sequence[ModelSamples | ImageSet], baselines: bool
) -> None:
    """Print how long the feature network will take, and what few images mean, if that is long; measured on a CPU."""
    if evaluator.against is None or choose_device() != "cpu":
        return
    network, real = evaluator.against.network, evaluator.known.real
    n, n_real = sample_sets[0].n, len(real.uint8_images)
    speed = estimate_images_per_second(network, tuple(real.uint8_images.shape[1:]))
    baselines = baselines and evaluator.known.train is not None
    cost = describe_scoring_cost(network.name, n * len(sample_sets), n_real, speed, baselines)
    if not cost:
        return
    few = describe_small_sample_effect(n_real, n, network.dim, real.split)
    if few and any(isinstance(metric, FIDMetric) for metric in evaluator.feature_metrics):
        print(few)
    print(cost, flush=True)


def _samples(
    ckpt_path: str, known: ReferenceData, num: int, seeds: Sequence[int]
) -> tuple[ReferenceData, list[ModelSamples | ImageSet]]:
    """A sample set for each seed, and the real images in the model's channels."""
    gan = load(ckpt_path).to(choose_device())
    known = _in_channels_of(known, gan.generator.data_shape[0])
    real = known.real
    shape = tuple(real.uint8_images.shape[1:])
    if gan.generator.data_shape != shape:
        raise UserError(
            f"{ckpt_path} makes {list(gan.generator.data_shape)} but {real.name} is {list(shape)}: compare it with "
            f"data of its own shape."
        )
    shown = known.display_range or gan.generator.value_range
    return known, [ModelSamples(gan, num, seed, shown, describe_generator(gan)) for seed in seeds]


def _in_channels_of(known: ReferenceData, channels: int) -> ReferenceData:
    """Give grey real images of files three equal colours, where samples in colour are compared with them.

    A file says no more than that its pixels are grey; the images of a data set stay as they are.
    """
    if known.train is not None or channels != 3 or known.real.uint8_images.shape[1] != 1:
        return known
    print("The real images are grey: they are scored as three equal colours, like the samples.")
    real = replace(
        known.real, uint8_images=convert_channels(known.real.uint8_images, 3, "the real images")
    )
    window = make_parzen_split_of_files(real, CHOOSING) if known.window else None
    return replace(known, real=real, window=window)


def _images(
    path: str, known: ReferenceData, num: int
) -> tuple[ReferenceData, list[ModelSamples | ImageSet]]:
    """The first `num` images of files, and the real images in their channels."""
    read = read_images(path, num)
    for note in read.notes:
        print(f"{to_printable(path)}: {note}.")
    if read.lossy:
        print(
            f"{to_printable(path)} holds JPEG files: their artefacts move every score. PNG keeps what the model made."
        )
    known = _in_channels_of(known, read.uint8_images.shape[1])
    wanted = known.real.uint8_images.shape[1]
    return known, [ImageSet(convert_channels(read.uint8_images, wanted, "the samples"), "files")]


def _names(metrics: list[str] | None) -> list[str]:
    """Of the metrics asked, each once."""
    known = [*FEATURE_METRICS, "parzen"]
    for name in metrics or ():
        if name not in known:
            raise UserError(f"There is no metric {name!r}: choose from {', '.join(known)}.")
    return list(dict.fromkeys(metrics or known))


def _check(ckpt_path: str | None, samples: str | None, repeats: int) -> None:
    if (ckpt_path is None) == (samples is None):
        raise UserError("Give one of --ckpt_path FILE and --samples DIR|FILE (.npz, .npy, .pt).")
    if samples is not None and repeats > 1:
        raise UserError(
            "Files hold one sample set: only a checkpoint can draw again for --repeats."
        )
