"""`replay`: execute the steps before a crash again, and name the first tensor that was not finite."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import one_of


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.debugging.replay.replay`."""
    add = parser.add_argument
    add("file", metavar="FILE", help="crash/step=N.pt of a run folder")
    add("--device", type=one_of("cpu", "cuda"), default="cpu", metavar="DEVICE",
        help="cpu or cuda (cpu); only the run's own kind of device draws the same noise")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that replays."""
    from lightning_gan.debugging.replay import replay

    return replay
