"""The parser of the command line and of configs: errors are one sentence, and `~` is the home folder."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from jsonargparse import Namespace
from pytorch_lightning.cli import LightningArgumentParser

from lightning_gan.cli.parser_errors import format_parser_error
from lightning_gan.utils import home_folder


class Parser(LightningArgumentParser):
    """LightningCLI's parser, without the page of usage that hides its message."""

    classes: Sequence[str] = ()
    """Names that a config may use for a class."""
    words: Sequence[str] = ()
    """The command line, for messages."""

    def save(self, cfg: Namespace, path: Any, *args: Any, **how: Any) -> None:
        """Write a config without another look at what has been parsed.

        Raises:
            OSError: The file could not be written; it is named.
        """
        try:
            super().save(cfg, path, *args, **({"skip_validation": True} | how))
        except OSError as error:
            if error.errno and not error.filename:
                error.filename = str(path)
            raise

    def parse_args(self, *args: Any, **how: Any) -> Namespace:  # type: ignore[override]
        """Parse the command line and its configs; replace `~` in their values by the home folder."""
        parsed: Namespace = home_folder.expand_home(super().parse_args(*args, **how))
        return parsed

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print one sentence and leave with status 2."""
        keys = sorted({a.dest for a in self._actions if a.dest != "help"})
        sys.stderr.write(f"error: {format_parser_error(message, keys, self.classes, self.words)}\n")
        sys.exit(2)


def make_parser_class(classes: Sequence[str], words: Sequence[str]) -> type[Parser]:
    """Return a class of parsers whose messages name what was typed, and the classes that there are.

    The names belong to the class, because jsonargparse makes more parsers of the same class for the settings of nested
    classes.

    Args:
        classes: Names that a config may use for a class.
        words: Command line.
    """

    class NamingParser(Parser):
        """A parser of one command line."""

    NamingParser.classes, NamingParser.words = tuple(classes), tuple(words)
    return NamingParser
