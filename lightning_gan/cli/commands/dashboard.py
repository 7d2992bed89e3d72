"""`dashboard`: create the W&B workspace for the runs."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.reports.wandb_workspace.create_dashboard`."""
    add = parser.add_argument
    add(
        "--entity",
        metavar="NAME",
        help="owner of the project; WANDB_ENTITY, or the key's own, by default",
    )
    add(
        "--project",
        default="lightning-gan",
        metavar="NAME",
        help="project of the runs (lightning-gan)",
    )
    add("--name", default="lightning_gan", metavar="NAME", help="name of the view (lightning_gan)")
    add("--dry_run", action="store_true", help="print the view as JSON; needs no account")


def import_function() -> Callable[..., None]:
    """Import and return the function that creates the view."""
    from lightning_gan.reports.wandb_workspace import create_dashboard

    return create_dashboard
