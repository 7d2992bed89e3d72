"""The commands by name, without importing any of them."""

import difflib
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from lightning_gan.utils.errors import UserError


class Command(NamedTuple):
    """A command.

    Attributes:
        name: Word that the user types.
        help: One line for `--help`.
        takes_settings: Whether it also takes the settings of `fit`, such as --config and --trainer.max_steps.
    """

    name: str
    help: str
    takes_settings: bool = False

    @property
    def module(self) -> ModuleType:
        """The module with `add_arguments` and `import_function`; imported at the first use."""
        return import_module(f"lightning_gan.cli.commands.{self.name.replace('-', '_')}")


COMMANDS = {
    command.name: command
    for command in (
        Command("fit", "train a model, or go on with a run; score it on the test split", True),
        Command("validate", "score a checkpoint on the validation split", True),
        Command("test", "score a checkpoint on the test split", True),
        Command("sample", "draw samples of a checkpoint as PNG files"),
        Command("evaluate", "score samples of a checkpoint, or images of any model"),
        Command("interpolate", "draw a generator between pairs of z"),
        Command("latent-arithmetic", "add and subtract means of z, and draw the result"),
        Command("report", "write the page of a run"),
        Command("compare", "compare runs in a table and a page"),
        Command("inspect", "describe a folder of images, and write a config for it"),
        Command("download", "download data sets and weights; train classifiers for scores"),
        Command("estimate", "measure the first steps of a run, and estimate time and memory", True),
        Command("slurm", "write or submit an sbatch file for a training", True),
        Command("doctor", "check this machine: packages, devices, SLURM, W&B, folders"),
        Command("dashboard", "create the W&B workspace for the runs"),
        Command("replay", "execute the steps before a crash again"),
        Command("reproduce", "run the claims of Goodfellow et al. (2014)"),
        Command("benchmark", "run a benchmark of several systems and seeds"),
    )
}
MEANT = {
    "train": "fit", "resume": "fit", "generate": "sample", "eval": "evaluate", "score": "evaluate",
    "fetch": "download", "paper": "reproduce", "plan": "estimate", "bench": "benchmark",
    "arithmetic": "latent-arithmetic",
}  # fmt: skip
"""What was probably meant by words that are no commands."""
OWN_FLAGS = ("-h", "--help", "--version")


def check_command(name: str) -> None:
    """Refuse a word that is no command.

    Args:
        name: Word that was typed; empty if there was none.

    Raises:
        UserError: The command does not exist; the message has the nearest one, or all of them.
    """
    if name in COMMANDS or name in OWN_FLAGS:
        return
    if name.startswith("-"):
        raise UserError(
            f"{name} stands where a command is expected: give one of {', '.join(COMMANDS)} first."
        )
    what = f"{name!r} is no command" if name else "No command was given"
    near = difflib.get_close_matches(name, (*COMMANDS, *MEANT), n=1)
    hint = (
        f"did you mean {MEANT.get(near[0], near[0])!r}?"
        if near
        else f"give one of {', '.join(COMMANDS)};"
    )
    raise UserError(f"{what}: {hint} --help tells more.")
