"""Command `translate`: translate image files with a checkpoint."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import make_choice_type, parse_int


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.translate.translate`."""
    add = parser.add_argument
    add("--ckpt_path", required=True, metavar="FILE", help="checkpoint of the model")
    add("--input", required=True, metavar="PATH",
        help="image file, or folder of images of any size; sub-folders are read too")  # fmt: skip
    add("--out", required=True, metavar="FOLDER",
        help="folder for the PNG files, which have the names of the input; created if missing")  # fmt: skip
    add("--direction", type=make_choice_type("a_to_b", "b_to_a"), default="a_to_b", metavar="DIRECTION",
        help="a_to_b or b_to_a")  # fmt: skip
    add("--batch_size", type=parse_int, default=16, metavar="N",
        help="number of images of one size in a forward pass, at least 1")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.translate import translate

    return translate
