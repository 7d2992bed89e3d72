"""Command `interpolate`: generate images between pairs of latent vectors."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import parse_int


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.sample.interpolate`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of the model")
    add(
        "--rows",
        type=parse_int,
        default=8,
        metavar="N",
        help="number of pairs of latent vectors, at least 1",
    )
    add(
        "--columns",
        type=parse_int,
        default=10,
        metavar="N",
        help="number of images per pair, both ends included, at least 2",
    )
    add("--seed", type=parse_int, default=0, metavar="N",
        help="random seed for the noise; row i connects images i and rows + i of `sample`")  # fmt: skip
    add(
        "--out",
        default="interpolation.png",
        metavar="FILE",
        help="PNG file to write",
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.sample import interpolate

    return interpolate
