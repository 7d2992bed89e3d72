"""Table of the commands; none is imported."""

import difflib
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from lightning_gan.utils.errors import UserError
from lightning_gan.utils.shell_text import format_command


class Command(NamedTuple):
    """Command of the command line.

    Attributes:
        name: Name of the command.
        help: Line of `--help`.
        takes_settings: Whether the command accepts the settings of `fit`, such as --trainer.max_steps.
    """

    name: str
    help: str
    takes_settings: bool = False

    @property
    def module(self) -> ModuleType:
        """Module with `add_arguments` and `import_function`, imported at the first access."""
        return import_module(f"lightning_gan.cli.commands.{self.name.replace('-', '_')}")


COMMANDS = {
    command.name: command
    for command in (
        Command("fit", "train a model, or resume a run, and evaluate it on the test split", True),
        Command("validate", "evaluate a checkpoint on the validation split", True),
        Command("test", "evaluate a checkpoint on the test split", True),
        Command("sample", "generate images from a checkpoint"),
        Command("translate", "translate image files with a checkpoint"),
        Command("evaluate", "compute metrics for a checkpoint, or for images of any model"),
        Command("interpolate", "generate images between pairs of latent vectors"),
        Command("latent-arithmetic", "add and subtract latent vectors, and generate the result"),
        Command("report", "write the HTML report of a run"),
        Command("compare", "compare runs in a table and an HTML page"),
        Command("inspect", "check a folder of images, and write a config for it"),
        Command("download", "download data sets and weights, or train a classifier for metrics"),
        Command("estimate", "estimate the time, memory and disk space of a run", True),
        Command("slurm", "write or submit an sbatch file for a run", True),
        Command("doctor", "check packages, devices, SLURM, W&B and folders"),
        Command("dashboard", "create a W&B workspace for the runs"),
        Command("replay", "repeat the steps before a crash and find the first non-finite tensor"),
        Command("reproduce", "reproduce the results of Goodfellow et al. (2014)"),
        Command("benchmark", "train and compare models over multiple seeds"),
    )
}
SYNONYMS = {
    "train": "fit", "resume": "fit", "generate": "sample", "eval": "evaluate", "score": "evaluate",
    "fetch": "download", "paper": "reproduce", "plan": "estimate", "bench": "benchmark",
    "arithmetic": "latent-arithmetic",
}  # fmt: skip
"""Commands that a user may mean by another word."""
OWN_FLAGS = ("-h", "--help", "--version", "--print-completion")


def check_command(name: str) -> None:
    """Check that a command exists.

    Args:
        name: First word of the command line; empty if there is none.

    Raises:
        UserError: The command does not exist. The message suggests the nearest one, or lists all.
    """
    if name in COMMANDS or name.partition("=")[0] in OWN_FLAGS:
        return
    if name.startswith("-"):
        raise UserError(
            f"{name} comes before the command: give one of {', '.join(COMMANDS)} first."
        )
    what = f"Unknown command {name!r}" if name else "No command was given"
    near = difflib.get_close_matches(name, (*COMMANDS, *SYNONYMS), n=1)
    hint = (
        f"did you mean {SYNONYMS.get(near[0], near[0])!r}?"
        if near
        else f"give one of {', '.join(COMMANDS)}."
    )
    raise UserError(f"{what}: {hint} Run {format_command('--help')}.")
