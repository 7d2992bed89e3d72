"""Parser of the command line, with a subparser for each command."""

import difflib
import sys
from argparse import SUPPRESS, Action, ArgumentError, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Sequence
from typing import Any, NoReturn

from lightning_gan import __version__
from lightning_gan.cli.argument_types import parse_package
from lightning_gan.cli.completion import SHELLS, CompletionAction
from lightning_gan.cli.registry import COMMANDS, Command
from lightning_gan.utils import home_folder

PROGRAM = "python -m lightning_gan"
DESCRIPTION = "Train and evaluate generative adversarial networks."
EPILOG = f"Run `{PROGRAM} COMMAND --help` for the options of a command."
TRUST = "allow configs and checkpoints to name classes of this package; may be repeated"
REQUIRED = "the following arguments are required"


class WideHelpFormatter(HelpFormatter):
    """Formatter that leaves 34 columns for the flags, and appends the defaults."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34)

    def _get_help_string(self, action: Action) -> str:
        default = format_default(action)
        return f"{action.help} (default: {default})" if default else action.help or ""


def format_default(action: Action) -> str:
    """Format the default of an argument for its help; empty if it has none."""
    if action.default is None or action.default is False or action.default in (SUPPRESS, []):
        return ""
    return str(action.default).lower() if action.default is True else str(action.default)


class CommandParser(ArgumentParser):
    """Parser of one command, or of the whole command line. An error is one sentence and exit status 2.

    Attributes:
        command: Command whose module adds the arguments; None for the whole command line.
        words: Words to parse.
    """

    command: Command | None = None
    words: Sequence[str] = ()
    _has_arguments = False
    _intermixed = False

    def add_command_arguments(self) -> None:
        """Add the arguments of the command. The first call imports the module of the command."""
        if self.command and not self._has_arguments:
            self._has_arguments = True
            self.command.module.add_arguments(self)
            self.add_argument(
                "--trust",
                action="append",
                type=parse_package,
                metavar="PACKAGE",
                default=[],
                help=TRUST,
            )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments of the command and parse; positional arguments may come between flags."""
        if not self._intermixed:
            self.words = list(args or ())
        self.add_command_arguments()
        if self._intermixed or not self._lists_words():
            return super().parse_known_args(args, namespace)
        self._intermixed = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixed = False

    def error(self, message: str) -> NoReturn:
        """Print one sentence and exit with status 2."""
        cause = sys.exc_info()[1]
        unknown = self.find_unknown_flags(self.words)
        if isinstance(cause, ArgumentError) and cause.argument_name:
            wanted = "needs a value" if "expected" in cause.message else cause.message
            message = f"{cause.argument_name} {wanted}"
        elif unknown and message.startswith(REQUIRED):
            message = self.describe_unknown(unknown[0])
        elif message.startswith(REQUIRED):
            message = f"Required arguments are missing: give {message.partition(': ')[2]}"
        sys.stderr.write(f"error: {message.rstrip('.')}{'' if message.endswith('?') else '.'}\n")
        sys.exit(2)

    def find_unknown_flags(self, words: Sequence[str]) -> list[str]:
        """Return the flags in `words` that the command does not have."""
        flags = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--"]
        return [flag for flag in flags if flag not in self.flags]

    def describe_unknown(self, word: str) -> str:
        """Describe an argument that the command does not have, with the nearest name."""
        name = word.lstrip("-").partition("=")[0]
        known = [flag.lstrip("-") for flag in self.flags]
        near = difflib.get_close_matches(name, known, n=1) if word.startswith("-") else []
        if not word.startswith("-"):
            return f"{word!r} is one argument too many: run {self.prog} --help"
        hint = f" Did you mean {near[0]!r}?" if near else f" Run {self.prog} --help."
        if name == "config" or "." in name:
            hint = " It is a setting of fit, validate, test, estimate and slurm."
        return f"There is no setting {name!r}.{hint}"

    @property
    def commands(self) -> dict[str, "CommandParser"]:
        """Parsers of the commands, by name."""
        (choices,) = (a.choices for a in self._actions if isinstance(a.choices, dict))
        return choices

    @property
    def flags(self) -> list[str]:
        """Flags of this parser."""
        return [flag for action in self._actions for flag in action.option_strings]

    def _lists_words(self) -> bool:
        return any(
            action.nargs in ("*", "+") and not action.option_strings for action in self._actions
        )


def build_parser() -> CommandParser:
    """Build the parser of the command line without importing a command."""
    parser = CommandParser(
        prog=PROGRAM, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
        formatter_class=WideHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"lightning_gan {__version__}")
    parser.add_argument("--print-completion", choices=SHELLS, action=CompletionAction, metavar="SHELL",
        default=SUPPRESS, help="print a completion script for bash, zsh or tcsh, and exit")  # fmt: skip
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS.values():
        own_help = not command.takes_settings or command.name in ("estimate", "slurm")
        leaf = subparsers.add_parser(
            command.name, help=command.help, allow_abbrev=False, add_help=own_help,
            description=f"{command.help[0].upper()}{command.help[1:]}.", formatter_class=WideHelpFormatter,
        )  # fmt: skip
        leaf.command = command
    return parser


def parse(words: Sequence[str]) -> tuple[Command, Namespace, list[str]]:
    """Parse a command line.

    Args:
        words: Words after the name of the program. The first one is a command or a flag.

    Returns:
        The command, its arguments with `~` expanded, and the words that are settings of `fit`.

    Raises:
        SystemExit: The words are wrong or ask for help.
    """
    parser = build_parser()
    arguments, rest = parser.parse_known_args(list(words))
    command = COMMANDS[arguments.command]
    if rest and not command.takes_settings:
        leaf = parser.commands[command.name]
        unknown = [word for word in rest if word.startswith("-")] or rest
        leaf.words = []
        leaf.error(leaf.describe_unknown(unknown[0]))
    home_folder.expand_home(arguments)
    return command, arguments, rest
