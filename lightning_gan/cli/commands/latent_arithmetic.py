"""`latent-arithmetic`: add and subtract means of z, and draw the result."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import number, whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.latent_arithmetic.latent_arithmetic`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of this suite")
    add("--equation", metavar="TEXT",
        help='groups of samples, "1,5,9 - 2,4,8 + 3,7,11", or words of the data set Factors, '
        '"thick red - thin red + thin green"; all pairs of factors by default')  # fmt: skip
    add(
        "--group",
        type=whole_number,
        default=3,
        metavar="N",
        help="samples of a group of words, at least 1 (3)",
    )
    add("--draws", type=whole_number, default=1000, metavar="N",
        help="sums that are classified, for each pair of factors, at least 2 (1000)")  # fmt: skip
    add("--num_samples", type=whole_number, default=64, metavar="N",
        help="number of samples that the equation counts, as for `sample` (64)")  # fmt: skip
    add(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="seed of the noise and of the groups (0)",
    )
    add("--noise", type=number, default=0.25, metavar="X",
        help="largest change of each entry of z in the eight neighbours of the result (0.25)")  # fmt: skip
    add("--out", default="arithmetic.png", metavar="FILE", help="PNG file (arithmetic.png)")


def import_function() -> Callable[..., None]:
    """Import and return the function that draws the sums."""
    from lightning_gan.cli.actions.latent_arithmetic import latent_arithmetic

    return latent_arithmetic
