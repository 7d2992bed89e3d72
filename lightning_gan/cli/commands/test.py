"""`test`: score a checkpoint on the test split. Its settings are those of LightningCLI."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_arguments(parser: ArgumentParser) -> None:
    """Add nothing: LightningCLI parses the settings."""


def import_function() -> Callable[..., None]:
    """Import LightningCLI, and return the function that runs `test` with some words."""
    from lightning_gan.cli.training import run_test

    return run_test
