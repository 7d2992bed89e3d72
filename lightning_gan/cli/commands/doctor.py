"""Command `doctor`: check packages, devices, SLURM, W&B and folders."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.doctor.doctor`."""
    parser.description = (
        "Check packages, devices, SLURM, W&B and folders. The exit status is 1 if a check fails."
    )
    parser.add_argument("--root", default="runs", metavar="FOLDER", help="folder of all runs")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.doctor import doctor

    return doctor
