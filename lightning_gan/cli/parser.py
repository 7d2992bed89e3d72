"""One parser for all commands: a subparser for each, whose arguments are added when it is used."""

import difflib
import sys
from argparse import ArgumentError, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Sequence
from typing import Any, NoReturn

from lightning_gan import __version__
from lightning_gan.cli.argument_types import package
from lightning_gan.cli.registry import COMMANDS, Command
from lightning_gan.utils import home_folder

PROGRAM = "python -m lightning_gan"
DESCRIPTION = "Generative adversarial networks, beginning with Goodfellow et al. 2014."
EPILOG = f"{PROGRAM} COMMAND --help describes one command."
TRUST = "package whose classes configs and checkpoints may name; may be repeated"
REQUIRED = "the following arguments are required"


class WideHelpFormatter(HelpFormatter):
    """Puts the help of a flag on the line of the flag where it fits."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34)


class CommandParser(ArgumentParser):
    """The parser of one command, or of the command line itself; an error is one sentence and status 2.

    Attributes:
        command: The command whose module declares the arguments; None for the command line itself.
        words: The words that are parsed.
    """

    command: Command | None = None
    words: Sequence[str] = ()
    _declared = False
    _intermixed = False

    def declare(self) -> None:
        """Add the arguments of the command; the first call imports its module."""
        if self.command and not self._declared:
            self._declared = True
            self.command.module.add_arguments(self)
            self.add_argument(
                "--trust", action="append", type=package, metavar="PACKAGE", default=[], help=TRUST
            )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments of the command, and parse; positional arguments may stand between flags."""
        if not self._intermixed:
            self.words = list(args or ())
        self.declare()
        if self._intermixed or not self._lists_words():
            return super().parse_known_args(args, namespace)
        self._intermixed = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixed = False

    def error(self, message: str) -> NoReturn:
        """Print one sentence and leave with status 2."""
        cause = sys.exc_info()[1]
        unknown = self.unknown_flags(self.words)
        if isinstance(cause, ArgumentError) and cause.argument_name:
            wanted = "wants a value behind it" if "expected" in cause.message else cause.message
            message = f"{cause.argument_name} {wanted}"
        elif unknown and message.startswith(REQUIRED):
            message = self.describe_unknown(unknown[0])
        elif message.startswith(REQUIRED):
            message = (
                f"Arguments are missing that have no default: give {message.partition(': ')[2]}"
            )
        sys.stderr.write(f"error: {message.rstrip('.')}{'' if message.endswith('?') else '.'}\n")
        sys.exit(2)

    def unknown_flags(self, words: Sequence[str]) -> list[str]:
        """Return the flags among some words that the command does not have."""
        flags = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--"]
        return [flag for flag in flags if flag not in self.flags]

    def describe_unknown(self, word: str) -> str:
        """Return the sentence for an argument that the command does not have."""
        name = word.lstrip("-").partition("=")[0]
        known = [flag.lstrip("-") for flag in self.flags]
        near = difflib.get_close_matches(name, known, n=1) if word.startswith("-") else []
        if not word.startswith("-"):
            return f"{word!r} is one argument too many: {self.prog} --help lists what it takes"
        hint = f" Did you mean {near[0]!r}?" if near else f" {self.prog} --help lists all."
        return f"There is no setting {name!r}.{hint}"

    @property
    def flags(self) -> list[str]:
        """The flags of this parser."""
        return [flag for action in self._actions for flag in action.option_strings]

    def _lists_words(self) -> bool:
        return any(
            action.nargs in ("*", "+") and not action.option_strings for action in self._actions
        )


def build_parser() -> CommandParser:
    """Return the parser of the command line; no command is imported."""
    parser = CommandParser(
        prog=PROGRAM, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
        formatter_class=WideHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"lightning_gan {__version__}")
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
        words: Words behind the name of the program; the first one names a command, or is a flag.

    Returns:
        The command, its arguments with `~` expanded, and the words that are settings of `fit`.

    Raises:
        SystemExit: The words are wrong, or ask for help.
    """
    parser = build_parser()
    arguments, rest = parser.parse_known_args(list(words))
    command = COMMANDS[arguments.command]
    if rest and not command.takes_settings:
        leaf = leaf_of(parser, command.name)
        unknown = [word for word in rest if word.startswith("-")] or rest
        leaf.words = []
        leaf.error(leaf.describe_unknown(unknown[0]))
    home_folder.expand_home(arguments)
    return command, arguments, rest


def leaf_of(parser: CommandParser, name: str) -> CommandParser:
    """Return the parser of one command."""
    (choices,) = (a.choices for a in parser._actions if isinstance(a.choices, dict))
    leaf: CommandParser = choices[name]
    return leaf
