"""Command `validate`: evaluate a checkpoint on the validation split."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add no arguments: LightningCLI parses the settings."""


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.training import run_validate

    return run_validate
