"""`download`: data sets, weights and classifiers, for a machine without network."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, names, whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.download.download`."""
    parser.description = (
        "Download what a run needs: all data sets and the Inception weights where nothing is named."
    )
    add = parser.add_argument
    add(
        "--data",
        type=names,
        nargs="+",
        action=ListAction,
        metavar="NAME",
        help="data sets, such as MNIST CIFAR10",
    )
    add("--weights", action="store_true", help="download the Inception weights into the cache")
    add(
        "--classifier",
        metavar="DATA",
        help="grey data set, such as mnist, to train a classifier for scores on",
    )
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets (data)")
    add(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="seed of the classifier's training (0)",
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that downloads."""
    from lightning_gan.cli.actions.download import download

    return download
