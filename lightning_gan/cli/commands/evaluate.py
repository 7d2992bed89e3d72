"""Command `evaluate`: compute metrics for a checkpoint, or for images of any model."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import (
    ListAction,
    make_choice_type,
    parse_bool,
    parse_int,
    parse_names,
)

FEATURES = (
    "feature extractor (Inception, DINOv2 or Classifier) and its settings, such as "
    "Classifier data=mnist; chosen for the data by default"
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.evaluate.evaluate`."""
    _add_images(parser)
    _add_metrics(parser)


def _add_images(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--ckpt_path", metavar="FILE", help="checkpoint to evaluate")
    add(
        "--samples",
        metavar="PATH",
        help="images to evaluate instead of a checkpoint: a folder, or an array in .npz, .npy or .pt",
    )
    add("--data", metavar="DATA",
        help="real images: a data set (MNIST, CIFAR10), a folder, an array file, or a config; by default the data "
        "of the checkpoint's run")  # fmt: skip
    add("--split", type=make_choice_type("train", "val", "test"), default="test", metavar="SPLIT",
        help="split of the data set: train, val or test")  # fmt: skip
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets")
    add("--num_samples", type=parse_int, default=10_000, metavar="N",
        help="number of generated images, or of files to read in the order of their names")  # fmt: skip
    add("--num_real", type=parse_int, metavar="N", help="number of real images; all by default")
    add(
        "--seed",
        type=parse_int,
        default=0,
        metavar="N",
        help="random seed for the noise, 0 to 2^32 - 1",
    )
    add("--repeats", type=parse_int, default=1, metavar="N",
        help="number of sample sets, with seeds from --seed up; metrics are reported as mean ± std")  # fmt: skip
    add("--accept_changed_data", action="store_true",
        help="use the data of the run although they have changed since")  # fmt: skip


def _add_metrics(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--metrics", type=parse_names, nargs="+", action=ListAction, metavar="METRIC",
        help="metrics to compute: fid, kid, is, pr, parzen; all by default")  # fmt: skip
    add("--features", nargs="+", metavar=("NAME", "KEY=VALUE"), help=FEATURES)
    add(
        "--weights",
        metavar="FILE",
        help="weights of the feature extractor; an error if the file is missing",
    )
    add("--engine", type=make_choice_type("suite", "torch-fidelity"), default="suite", metavar="ENGINE",
        help="suite or torch-fidelity; the latter also computes the metrics with that package")  # fmt: skip
    add("--baselines", type=parse_bool, nargs="?", const=True, default=True, metavar="true|false",
        help="also evaluate baselines that need no training; results are cached")  # fmt: skip
    add(
        "--compare_to",
        metavar="FILE",
        help="scores to compare with: a file written by --json, or scores.json of a run",
    )
    add("--json", metavar="FILE", help="file to write scores and protocols to")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.evaluate import evaluate

    return evaluate
