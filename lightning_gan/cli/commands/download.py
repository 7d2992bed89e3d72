"""Command `download`: download data sets and weights, or train a classifier for metrics."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, parse_int, parse_names


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.download.download`."""
    parser.description = (
        "Download data sets and weights, or train a classifier for metrics. Without arguments, download all "
        "data sets and the Inception weights."
    )
    add = parser.add_argument
    add(
        "--data",
        type=parse_names,
        nargs="+",
        action=ListAction,
        metavar="NAME",
        help="data sets to download, such as MNIST CIFAR10",
    )
    add("--weights", action="store_true", help="download the Inception weights to the cache")
    add(
        "--classifier",
        metavar="DATA",
        help="grayscale data set on which to train a classifier for metrics, such as mnist",
    )
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets")
    add(
        "--seed",
        type=parse_int,
        default=0,
        metavar="N",
        help="random seed for the training of the classifier",
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.download import download

    return download
