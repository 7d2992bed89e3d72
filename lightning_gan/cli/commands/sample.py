"""Command `sample`: generate images from a checkpoint."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, parse_int, parse_ints


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.sample.sample`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of the model")
    add(
        "--num_samples",
        type=parse_int,
        default=64,
        metavar="N",
        help="number of images, at least 1",
    )
    add(
        "--out",
        default="samples",
        metavar="FOLDER",
        help="folder for the images; created if missing",
    )
    add(
        "--seed",
        type=parse_int,
        default=0,
        metavar="N",
        help="random seed for the noise, 0 to 2^32 - 1",
    )
    add(
        "--columns",
        type=parse_int,
        metavar="N",
        help="number of columns of the grid; by default the number of classes, or 8",
    )
    add("--classes", type=parse_ints, nargs="+", action=ListAction, metavar="CLASS",
        help="classes to generate in turn, for class-conditional models; all by default")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.sample import sample

    return sample
