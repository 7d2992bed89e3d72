"""The commands that take settings of `fit`: training, scoring, estimating, and writing an sbatch file."""

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
    """Score a checkpoint on the validation split."""
    GANCLI(["validate", *words])


def run_test(words: Sequence[str]) -> None:
    """Score a checkpoint on the test split."""
    GANCLI(["test", *words])


class EstimatingCLI(GANCLI):
    """`fit` up to its first steps.

    Args:
        words: Settings of `fit`.
        asked: Arguments of `estimate`.
    """

    def __init__(self, words: Sequence[str], asked: estimate.EstimateOptions) -> None:
        self.asked = asked
        super().__init__(["fit", *words])

    def _run_subcommand(self, subcommand: str) -> None:
        """Measure instead of training."""
        estimate.measure(self.asked, self.trainer, self.model, self.datamodule, self.run.name)


def run_estimate(words: Sequence[str], steps: int, target: int | None, quick: bool) -> None:
    """Measure the first steps of a run, and print what all of it will take.

    Args:
        words: Settings of `fit`.
        steps: Updates of G to measure, at least 2.
        target: Updates of G of the whole run; max_steps if it is None.
        quick: Whether validation and the last scores are left out.
    """
    asked = estimate.EstimateOptions(steps, target, quick)
    estimate.check_words(words)
    with estimate.make_scratch_flags() as flags:
        EstimatingCLI([*words, *flags], asked)


def run_slurm(words: Sequence[str], typed: Sequence[str], **options: Any) -> None:
    """Write or submit an sbatch file; the settings of `fit` are checked before the job waits in a queue.

    Args:
        words: Settings of `fit`.
        typed: All words behind the name of the command, which the file repeats.
        options: Fields of `lightning_gan.cli.actions.slurm.SlurmJob`.
    """
    slurm.check_words(words)
    asked = slurm.SlurmJob(**options)
    settings = parse_settings(words)
    files = list_needed(settings)
    download = format_command("download", *files) if files else ""
    slurm.submit_job(asked, words, typed, settings, download)


def parse_settings(words: Sequence[str]) -> dict[str, Any]:
    """Return the settings of `fit` as plain values; nothing runs.

    Args:
        words: Settings of `fit`.

    Raises:
        SystemExit: They are wrong; the sentence of `fit` has been printed.
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
