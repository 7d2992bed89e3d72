"""Command `latent-arithmetic`: add and subtract latent vectors, and generate the result."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import parse_float, parse_int


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.latent_arithmetic.latent_arithmetic`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of the model")
    add("--equation", metavar="TEXT",
        help='groups of sample indices, "1,5,9 - 2,4,8 + 3,7,11", or words of the data set Factors, '
        '"thick red - thin red + thin green"; by default all pairs of factors')  # fmt: skip
    add(
        "--group",
        type=parse_int,
        default=3,
        metavar="N",
        help="number of samples per group of words, at least 1",
    )
    add("--draws", type=parse_int, default=1000, metavar="N",
        help="number of classified sums per pair of factors, at least 2")  # fmt: skip
    add("--num_samples", type=parse_int, default=64, metavar="N",
        help="number of samples that the indices refer to, as in `sample`")  # fmt: skip
    add(
        "--seed",
        type=parse_int,
        default=0,
        metavar="N",
        help="random seed for the noise and the groups",
    )
    add("--noise", type=parse_float, default=0.25, metavar="X",
        help="maximum change of each latent entry in the eight neighbours of the result")  # fmt: skip
    add("--out", default="arithmetic.png", metavar="FILE", help="PNG file to write")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.latent_arithmetic import latent_arithmetic

    return latent_arithmetic
