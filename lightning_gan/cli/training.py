"""Commands that accept the settings of `fit`: fit, validate, test, estimate and slurm."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import yaml

from lightning_gan.cli.actions import estimate, slurm
from lightning_gan.cli.actions.download import list_needed
from lightning_gan.cli.lightning_cli import GANCLI
from lightning_gan.utils.shell_text import format_command


def run_fit(words: Sequence[str]) -> None:
    """Train a model with the settings in `words`."""
    GANCLI(["fit", *words])


def run_validate(words: Sequence[str]) -> None:
    """Evaluate a checkpoint on the validation split."""
    GANCLI(["validate", *words])


def run_test(words: Sequence[str]) -> None:
    """Evaluate a checkpoint on the test split."""
    GANCLI(["test", *words])


class EstimatingCLI(GANCLI):
    """LightningCLI that measures the first steps of `fit`.

    Args:
        words: Settings of `fit`.
        options: Arguments of `estimate`.
    """

    def __init__(self, words: Sequence[str], options: estimate.EstimateOptions) -> None:
        self.options = options
        super().__init__(["fit", *words])

    def _run_subcommand(self, subcommand: str) -> None:
        """Measure the first steps instead of training."""
        estimate.measure(self.options, self.trainer, self.model, self.datamodule, self.run.name)


def run_estimate(words: Sequence[str], steps: int, target: int | None, quick: bool) -> None:
    """Measure the first steps of a run, and print the time, memory and disk space of the whole run.

    Args:
        words: Settings of `fit`.
        steps: Number of updates of G to measure, at least 2.
        target: Number of updates of G in the whole run; max_steps if None.
        quick: Whether to omit validation and the final evaluation.
    """
    options = estimate.EstimateOptions(steps, target, quick)
    estimate.check_estimate_arguments(words)
    with estimate.make_scratch_flags() as flags:
        EstimatingCLI([*words, *flags], options)


def run_slurm(words: Sequence[str], typed: Sequence[str], **options: Any) -> None:
    """Write or submit an sbatch file. The settings of `fit` are checked first.

    Args:
        words: Settings of `fit`.
        typed: All words after the name of the command, for a comment in the file.
        options: Fields of `lightning_gan.cli.actions.slurm.SlurmJob`.
    """
    slurm.check_slurm_arguments(words)
    job = slurm.SlurmJob(**options)
    settings = parse_settings(words)
    files = list_needed(settings)
    download = format_command("download", *files) if files else ""
    slurm.submit_job(job, words, typed, settings, download)


def parse_settings(words: Sequence[str]) -> dict[str, Any]:
    """Parse the settings of `fit` to plain values.

    Args:
        words: Settings of `fit`.

    Raises:
        SystemExit: The settings are wrong; the error has been printed.
    """
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            GANCLI(["fit", *words, "--print_config"])
    except SystemExit as end:
        if end.code:
            raise
    settings: dict[str, Any] = yaml.safe_load(text.getvalue())
    return settings
