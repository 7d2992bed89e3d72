"""Command `replay`: repeat the steps before a crash and find the first non-finite tensor."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import make_choice_type


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.debugging.replay.replay`."""
    add = parser.add_argument
    add("file", metavar="FILE", help="file crash/step=N.pt of a run folder")
    add("--device", type=make_choice_type("cpu", "cuda"), default="cpu", metavar="DEVICE",
        help="cpu or cuda; the noise is the same only on the kind of device of the run")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.debugging.replay import replay

    return replay
