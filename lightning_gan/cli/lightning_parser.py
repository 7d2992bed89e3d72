"""Parser of configs and of the flags of `fit`: errors are one sentence, and `~` is the home folder."""

import sys
from argparse import Action
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from jsonargparse import Namespace
from pytorch_lightning.cli import LightningArgumentParser

from lightning_gan.cli.parser_errors import (
    Failure,
    attach_failure,
    find_failure,
    format_parser_error,
)
from lightning_gan.utils import home_folder


class Parser(LightningArgumentParser):
    """LightningCLI's parser with errors of one sentence instead of a usage text.

    Failed checks attach a `Failure` to their exception, from which `error` makes the sentence.
    """

    classes: Sequence[str] = ()
    """Names of the classes that a config may use."""
    words: Sequence[str] = ()
    """Command line, for messages."""
    flag: Failure | None = None
    """The flag that was read last."""

    def save(self, cfg: Namespace, path: Any, *args: Any, **how: Any) -> None:
        """Write a config without validating it again.

        Raises:
            OSError: The file could not be written; `filename` is its path.
        """
        try:
            super().save(cfg, path, *args, **({"skip_validation": True} | how))
        except OSError as error:
            if error.errno and not error.filename:
                error.filename = str(path)
            raise

    def parse_args(self, *args: Any, **how: Any) -> Namespace:  # type: ignore[override]
        """Parse the command line and its configs, and expand `~` in their values."""
        parsed: Namespace = home_folder.expand_home(super().parse_args(*args, **how))
        return parsed

    def _check_value_key(self, action: Action, value: Any, key: str, *args: Any, **how: Any) -> Any:
        """Check a value; attach the setting and the value to an error."""
        try:
            return super()._check_value_key(action, value, key, *args, **how)
        except Exception as error:
            attach_failure(error, _make_failure(action, value))
            raise

    def _get_values(self, action: Action, arg_strings: list[str]) -> Any:
        """Read the value of a flag; remember both for errors."""
        value = arg_strings[0] if len(arg_strings) == 1 else arg_strings
        type(self).flag = _make_failure(action, value)
        return super()._get_values(action, arg_strings)

    def validate(self, namespace: Namespace, *args: Any, **how: Any) -> None:
        """Validate settings; attach the unknown setting, or the missing ones, to an error."""
        try:
            super().validate(namespace, *args, **how)
        except KeyError as error:
            attach_failure(error, Failure(self._find_unknown(namespace), unknown=True))
            raise
        except TypeError as error:
            if not find_failure(error):
                attach_failure(error, Failure(missing=tuple(self._find_missing(namespace))))
            raise

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print one sentence and exit with status 2."""
        failure = find_failure(ex) or self.flag
        if ex is None:  # words that no argument takes
            failure = Failure(self._find_unknown_word().lstrip("-"), unknown=True)
        actions = [action for parser in self.parsers.values() for action in parser._actions]
        keys = sorted({action.dest for action in actions if action.dest != "help"})
        text = format_parser_error(ex, failure, keys, self.classes, self.words)
        sys.stderr.write(f"error: {text}\n")
        sys.exit(2)

    @property
    def parsers(self) -> dict[str, "Parser"]:
        """This parser and those of its subcommands, by the prefix of their settings."""
        below = {
            f"{name}.": parser
            for action in self._actions if isinstance(action.choices, dict)
            for name, parser in action.choices.items()
        }  # fmt: skip
        return {"": self, **below}

    def _find_unknown(self, namespace: Namespace) -> str:
        """Find the first key of a namespace that is no setting; return it without the name of a subcommand."""
        for key in namespace.keys():
            for prefix, parser in reversed(self.parsers.items()):
                if key.startswith(prefix) and "__" not in key:
                    name = key.removeprefix(prefix)
                    if not any(_has_key(action, name) for action in parser._actions):
                        return name
                    break
        return ""

    def _find_missing(self, namespace: Namespace) -> Iterator[str]:
        """Yield the required settings that have no value in a namespace."""
        for prefix, parser in self.parsers.items():
            required = [action.dest for action in parser._actions if action.required]
            for name in [*required, *parser._extra_required_keys]:
                if namespace.get(f"{prefix}{name}") is None:
                    yield name

    def _find_unknown_word(self) -> str:
        """Return the first flag of the command line that does not exist, or the first word that belongs to no flag."""
        before = ""
        strays = []
        for word in self.args:
            flag, equals, _ = word.partition("=")
            if flag.startswith("-") and not self._takes_flag(flag):
                return flag
            if not flag.startswith("-") and not before:
                strays.append(word)
            before = flag if flag.startswith("-") and not equals else ""
        return next(iter(strays), "")

    def _takes_flag(self, flag: str) -> bool:
        """Return whether a flag is a setting of this parser, or of a class that one of its settings constructs."""
        return any(
            flag.rstrip("+") == option
            or (hasattr(action, "_typehint") and flag.startswith(f"{option}."))
            for action in self._actions
            for option in action.option_strings
        )


def make_parser_class(classes: Sequence[str], words: Sequence[str]) -> type[Parser]:
    """Make a parser class whose messages refer to a command line.

    The class holds the names, because jsonargparse creates parsers of the same class for nested classes.

    Args:
        classes: Names of the classes that a config may use.
        words: Command line.
    """

    class NamingParser(Parser):
        """Parser of one command line."""

    NamingParser.flag = None
    NamingParser.classes, NamingParser.words = tuple(classes), tuple(words)
    return NamingParser


def _make_failure(action: Action, value: Any) -> Failure:
    return Failure(action.dest, value, getattr(action, "_typehint", None))


def _has_key(action: Action, key: str) -> bool:
    """Return whether a key is the setting of an action, a part of its value, or a section with the setting."""
    inside = hasattr(action, "_typehint") and key.startswith(f"{action.dest}.")
    return inside or key == action.dest or action.dest.startswith(f"{key}.")
