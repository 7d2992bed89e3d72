"""Command `compare`: compare runs in a table and an HTML page."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.report.compare`."""
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN",
        help="run folders, experiment folders, or names under runs/; runs that differ only in their seed "
        "form a group")  # fmt: skip
    add("--out", default="compare.html", metavar="FILE", help="HTML file to write")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.report import compare

    return compare
