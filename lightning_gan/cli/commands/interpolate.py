"""`interpolate`: draw a generator between pairs of z."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.sample.interpolate`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of this suite")
    add(
        "--rows",
        type=whole_number,
        default=8,
        metavar="N",
        help="number of pairs of z, at least 1 (8)",
    )
    add(
        "--columns",
        type=whole_number,
        default=10,
        metavar="N",
        help="images from one z to the other, at least 2 (10)",
    )
    add("--seed", type=whole_number, default=0, metavar="N",
        help="seed of the noise (0); row i leads from sample i to sample rows + i of `sample`")  # fmt: skip
    add("--out", default="interpolation.png", metavar="FILE", help="PNG file (interpolation.png)")


def import_function() -> Callable[..., None]:
    """Import and return the function that draws the rows."""
    from lightning_gan.cli.actions.sample import interpolate

    return interpolate
