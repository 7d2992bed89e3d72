"""Command `inspect`: check a folder of images, and write a config for it."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import parse_int


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.inspect.inspect`."""
    add = parser.add_argument
    add(
        "folder",
        metavar="FOLDER",
        help="folder of images, or of one sub-folder of images per class",
    )
    add("--size", type=parse_int, default=32, metavar="N",
        help="side of the square images for training, in pixels; 28, 32 or 64 with --out")  # fmt: skip
    add(
        "--out",
        metavar="FILE",
        help="config to write, such as mine.yaml; an existing file is not overwritten",
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.inspect import inspect

    return inspect
