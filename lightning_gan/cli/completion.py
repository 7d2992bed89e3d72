"""Completion scripts for shells, made by shtab, an optional package."""

from argparse import Action, ArgumentParser, Namespace
from typing import Any

from lightning_gan.utils.errors import UserError

SHELLS = ("bash", "zsh", "tcsh")


class CompletionAction(Action):
    """Action that prints the completion script of the console script, and exits."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Print the script for a shell and exit.

        Raises:
            UserError: The package shtab is not installed.
        """
        try:
            import shtab  # not installed by default
        except ImportError:
            raise UserError(
                "--print-completion needs the package shtab: python -m pip install shtab"
            ) from None
        for leaf in parser.commands.values():  # type: ignore[attr-defined]
            leaf.add_command_arguments()
            for action in leaf._actions:
                if action.metavar in ("FILE", "PATH"):
                    action.complete = shtab.FILE
                elif action.metavar in ("FOLDER", "RUN"):
                    action.complete = shtab.DIRECTORY
        parser.prog = "lightning-gan"
        print(shtab.complete(parser, values))
        parser.exit()
