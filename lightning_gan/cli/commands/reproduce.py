"""Command `reproduce`: reproduce the results of Goodfellow et al. (2014)."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, parse_int, parse_names


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.reproduce.reproduce`."""
    add = parser.add_argument
    add("claims", nargs="*", type=parse_names, action=ListAction, metavar="CLAIM",
        help="claims to reproduce, such as figure1 table1; all by default")  # fmt: skip
    add(
        "--quick",
        action="store_true",
        help="run short versions, which take five minutes on two cores in total",
    )
    add("--seeds", type=parse_int, metavar="N",
        help="number of trainings per claim, 1 to 1,000; each claim has its own default")  # fmt: skip
    add(
        "--out",
        default="paper",
        metavar="FOLDER",
        help="folder of plots and runs; finished runs in it are not repeated",
    )
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets")
    add(
        "--dry_run",
        action="store_true",
        help="print the claims and their cost without running them",
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.reproduce import reproduce

    return reproduce
