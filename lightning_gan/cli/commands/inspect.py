"""`inspect`: describe a folder of images, and write a config for it."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.inspect.inspect`."""
    add = parser.add_argument
    add(
        "folder",
        metavar="FOLDER",
        help="folder of images, or of a sub-folder of images for each class",
    )
    add("--size", type=whole_number, default=32, metavar="N",
        help="side of the squares that a GAN would learn from, in pixels; 28, 32 or 64 for a config (32)")  # fmt: skip
    add(
        "--out",
        metavar="FILE",
        help="config to write, such as mine.yaml; an existing file is not replaced",
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that describes the folder."""
    from lightning_gan.cli.actions.inspect import inspect

    return inspect
