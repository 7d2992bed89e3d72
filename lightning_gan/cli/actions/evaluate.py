"""Command `evaluate`: compute metrics for a checkpoint, or for images of any model."""

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
from lightning_gan.models.noise import NoiseModel, require_noise
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
    """Compute metrics for images of a checkpoint, or of any model, against real images; print a table.

    Args:
        ckpt_path: Checkpoint to evaluate.
        samples: Images to evaluate instead of a checkpoint: a folder, or an array in an .npz, .npy or .pt file.
        data: Real images: a data set (MNIST, CIFAR10), a folder of images, an .npz, .npy or .pt file, or a config
            with a data section; the data of the checkpoint's run if None.
        split: Split of the data set.
        root: Folder of the data sets.
        num_samples: Number of images to generate, or of files to read in the order of their names, 1 to 10,000,000.
        num_real: Number of real images, at least 1; all if None. The same images are chosen each time.
        metrics: Names of metrics: fid, kid, is, pr or parzen; all if None.
        features: Feature extractor, or its name and settings as words, such as ["Classifier", "data=mnist"]; chosen
            for the data if None.
        weights: File with the weights of the feature extractor.
        seed: Random seed for the noise, 0 to 2^32 - 1.
        repeats: Number of sample sets, with seeds from `seed` up, at least 1; metrics are then mean ± std.
        baselines: Whether to evaluate baselines that need no training. Their results are cached on disk.
        compare_to: File that --json wrote, or scores.json of a run, to compare with where protocols agree.
        json: File to write, with the key names of torch-fidelity and the protocols.
        accept_changed_data: Whether to use the data of the run although they have changed since.
        engine: "torch-fidelity" also computes the metrics with that package, on the same images.

    Raises:
        UserError: An argument is wrong, or no metric could be computed.
    """
    _check_options(ckpt_path, samples, repeats)
    chosen = _list_metrics(metrics)
    theirs = read_scores(compare_to) if compare_to else None
    if json:
        check_output_path(Path(json))
    gan = require_noise(load(ckpt_path)) if ckpt_path is not None else None
    real = data or load_data_of_run(ckpt_path, accept_changed_data)
    known = load_reference_data(real, root, split, num_real, "parzen" in chosen)
    known, sample_sets = (
        _make_sample_sets(gan, known, num_samples, range(seed, seed + repeats))
        if gan
        else _read_sample_set(cast(str, samples), known, num_samples)
    )
    # grayscale files are evaluated with the classifier of MNIST
    data_name = known.real.name if known.train is not None else "mnist"
    shape = known.real.uint8_images.shape[1:]
    space = _make_extractor(features) or default_extractor(shape, data_name)
    if weights:
        space = replace(cast(Any, space), weights=weights)
    evaluator = Evaluator(known, space, chosen, require_weights=weights is not None, engine=engine)
    _print_cost(evaluator, sample_sets, baselines)
    start = time.monotonic()
    scored = [evaluator.score(sample_set) for sample_set in sample_sets]
    found = score_over_seeds(scored)
    print_scores(found, time.monotonic() - start)
    rows = evaluator.baselines(sample_sets[0].n, seed) if baselines and found.scores else {}
    if rows:
        print(f"\nBaselines that need no training:\n{format_baselines(found, rows)}")
    if json:
        write_scores(Path(json), found, rows)
        print(f"written: {json}")
    if engine == "torch-fidelity":
        print(_compare_with_torch_fidelity(evaluator, sample_sets, scored))
    if theirs is not None:
        print(compare_scores(found.scores, theirs, str(compare_to)))
    if not found.scores:
        raise UserError("No metric could be computed: the reasons are above.")


def _compare_with_torch_fidelity(
    evaluator: Evaluator,
    sample_sets: Sequence[ModelSamples | ImageSet],
    scored: Sequence[EvaluationResult],
) -> str:
    """Compute the metrics of the same images with torch-fidelity, and format both as a table."""
    pairs = zip(sample_sets, scored, strict=True)
    theirs = score_over_seeds(
        [evaluator.score_with_torch_fidelity(sample_set, ours) for sample_set, ours in pairs]
    )
    return compare_scores(score_over_seeds(scored).scores, theirs.scores, "torch-fidelity")


def _make_extractor(
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


def _print_cost(
    evaluator: Evaluator, sample_sets: Sequence[ModelSamples | ImageSet], baselines: bool
) -> None:
    """Print the expected time on a CPU, and the effect of few images on FID, if the time is long."""
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


def _make_sample_sets(
    gan: NoiseModel, known: ReferenceData, num: int, seeds: Sequence[int]
) -> tuple[ReferenceData, list[ModelSamples | ImageSet]]:
    """Make a sample set for each seed, and convert the real images to the channels of the model."""
    gan.to(choose_device())
    known = _in_channels_of(known, gan.generator.data_shape[0])
    real, shape = known.real, tuple(known.real.uint8_images.shape[1:])
    if gan.generator.data_shape != shape:
        raise UserError(
            f"The checkpoint generates images of shape {list(gan.generator.data_shape)}, but {real.name} has shape "
            f"{list(shape)}: give --data of the same shape."
        )
    display_range = known.display_range or gan.generator.value_range
    return known, [
        ModelSamples(gan, num, seed, display_range, describe_generator(gan)) for seed in seeds
    ]


def _in_channels_of(known: ReferenceData, channels: int) -> ReferenceData:
    """Convert grayscale real images of files, not of data sets, to three channels if the samples have three."""
    if known.train is not None or channels != 3 or known.real.uint8_images.shape[1] != 1:
        return known
    print(
        "The real images are grayscale: they are converted to three channels, as the samples have."
    )
    converted = convert_channels(known.real.uint8_images, 3, "the real images")
    real = replace(known.real, uint8_images=converted)
    window = make_parzen_split_of_files(real, CHOOSING) if known.window else None
    return replace(known, real=real, window=window)


def _read_sample_set(
    path: str, known: ReferenceData, num: int
) -> tuple[ReferenceData, list[ModelSamples | ImageSet]]:
    """Read the first `num` images of files, and convert the real images to their channels."""
    read = read_images(path, num)
    for note in read.notes:
        print(f"{to_printable(path)}: {note}.")
    if read.lossy:
        print(
            f"{to_printable(path)} holds JPEG files, whose artifacts change every metric: use PNG files."
        )
    known = _in_channels_of(known, read.uint8_images.shape[1])
    wanted = known.real.uint8_images.shape[1]
    return known, [ImageSet(convert_channels(read.uint8_images, wanted, "the samples"), "files")]


def _list_metrics(metrics: list[str] | None) -> list[str]:
    """Return the names of the requested metrics, each once; all if None."""
    known = [*FEATURE_METRICS, "parzen"]
    for name in metrics or ():
        if name not in known:
            raise UserError(f"There is no metric {name!r}: give some of {', '.join(known)}.")
    return list(dict.fromkeys(metrics or known))


def _check_options(ckpt_path: str | None, samples: str | None, repeats: int) -> None:
    if (ckpt_path is None) == (samples is None):
        raise UserError("Give one of --ckpt_path FILE and --samples DIR|FILE (.npz, .npy, .pt).")
    if samples is not None and repeats > 1:
        raise UserError("--repeats needs a checkpoint: files hold one sample set.")
