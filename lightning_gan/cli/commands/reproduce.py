"""`reproduce`: run the claims of Goodfellow et al. (2014)."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, names, whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.reproduce.reproduce`."""
    add = parser.add_argument
    add("claims", nargs="*", type=names, action=ListAction, metavar="CLAIM",
        help="claims, such as figure1 table1; all by default")  # fmt: skip
    add(
        "--quick",
        action="store_true",
        help="run the short versions: five minutes on two cores in all",
    )
    add("--seeds", type=whole_number, metavar="N",
        help="number of trainings of each claim, 1 to 1,000; each claim has its own default")  # fmt: skip
    add(
        "--out",
        default="paper",
        metavar="FOLDER",
        help="folder for plots and runs, which is also read (paper)",
    )
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets (data)")
    add("--dry_run", action="store_true", help="print which claims would run, and what they cost")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the claims."""
    from lightning_gan.cli.actions.reproduce import reproduce

    return reproduce
