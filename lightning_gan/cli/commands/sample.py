"""`sample`: draw samples of a checkpoint as PNG files."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, whole_number, whole_numbers


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.sample.sample`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of this suite")
    add(
        "--num_samples",
        type=whole_number,
        default=64,
        metavar="N",
        help="number of samples, at least 1 (64)",
    )
    add(
        "--out",
        default="samples",
        metavar="FOLDER",
        help="folder for the images; created if missing (samples)",
    )
    add(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="seed of the noise, 0 to 2^32 - 1 (0)",
    )
    add(
        "--columns",
        type=whole_number,
        metavar="N",
        help="columns of the grid; the number of classes, or 8",
    )
    add("--classes", type=whole_numbers, nargs="+", action=ListAction, metavar="CLASS",
        help="classes to draw in turn, for a model of classes; all of them by default")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that draws samples."""
    from lightning_gan.cli.actions.sample import sample

    return sample
