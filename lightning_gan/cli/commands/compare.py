"""`compare`: compare runs in a table and a page."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.report.compare`."""
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN",
        help="run folders, experiment folders, or names under runs/; runs that differ in the seed alone "
        "are grouped")  # fmt: skip
    add("--out", default="compare.html", metavar="FILE", help="HTML file (compare.html)")


def import_function() -> Callable[..., None]:
    """Import and return the function that compares."""
    from lightning_gan.cli.actions.report import compare

    return compare
