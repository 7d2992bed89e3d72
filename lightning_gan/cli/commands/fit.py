"""Command `fit`: train a model, or resume a run, and evaluate it on the test split."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add no arguments: LightningCLI parses the settings."""


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.training import run_fit

    return run_fit
