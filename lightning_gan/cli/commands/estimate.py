"""`estimate`: measure the first steps of a run, and estimate its time and memory."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.estimate.estimate` beside the settings of `fit`."""
    parser.epilog = "All other flags are settings of fit, such as --config mnist.yaml."
    add = parser.add_argument
    add(
        "--steps",
        type=whole_number,
        default=20,
        metavar="N",
        help="updates of G to measure, at least 2 (20)",
    )
    add(
        "--target",
        type=whole_number,
        metavar="N",
        help="updates of G of the whole run; max_steps by default",
    )
    add("--quick", action="store_true", help="leave out validation and the last scores")


def import_function() -> Callable[..., None]:
    """Import and return the function that measures."""
    from lightning_gan.cli.training import run_estimate

    return run_estimate
