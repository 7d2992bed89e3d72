"""Command `report`: write the HTML report of a run."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.report.report`."""
    add = parser.add_argument
    add(
        "run",
        metavar="RUN",
        help="run folder, experiment folder (its newest run), or name under runs/",
    )
    add(
        "--out", metavar="FILE", help="HTML file to write; report.html in the run folder by default"
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.report import report

    return report
