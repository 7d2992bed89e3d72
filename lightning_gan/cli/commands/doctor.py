"""`doctor`: check this machine."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.doctor.doctor`."""
    parser.description = (
        "Check packages, devices, SLURM, W&B and folders; status 1 if something is wrong."
    )
    parser.add_argument(
        "--root", default="runs", metavar="FOLDER", help="folder of all runs (runs)"
    )


def import_function() -> Callable[..., None]:
    """Import and return the function that checks."""
    from lightning_gan.cli.actions.doctor import doctor

    return doctor
