"""Command `estimate`: estimate the time, memory and disk space of a run."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import parse_int


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.estimate.estimate`."""
    parser.epilog = "All other options are settings of fit, such as --config mnist.yaml."
    add = parser.add_argument
    add(
        "--steps",
        type=parse_int,
        default=20,
        metavar="N",
        help="number of updates of G to measure, at least 2",
    )
    add(
        "--target",
        type=parse_int,
        metavar="N",
        help="number of updates of G in the whole run; max_steps by default",
    )
    add("--quick", action="store_true", help="omit validation and the final evaluation")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.training import run_estimate

    return run_estimate
