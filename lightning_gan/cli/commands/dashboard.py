"""Command `dashboard`: create a W&B workspace for the runs."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.reports.wandb_workspace.create_dashboard`."""
    add = parser.add_argument
    add(
        "--entity",
        metavar="NAME",
        help="owner of the project; by default WANDB_ENTITY, or the owner of the API key",
    )
    add(
        "--project",
        default="lightning-gan",
        metavar="NAME",
        help="W&B project of the runs",
    )
    add(
        "--name",
        default="lightning_gan",
        metavar="NAME",
        help="name of the workspace view",
    )
    add("--dry_run", action="store_true", help="print the view as JSON without an account")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.reports.wandb_workspace import create_dashboard

    return create_dashboard
