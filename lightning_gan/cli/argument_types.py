"""Types of command-line arguments: functions that convert a word, and an action for lists."""

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from typing import Any


def parse_int(word: str) -> int:
    """Convert a word to an integer.

    Raises:
        ArgumentTypeError: The word is not an integer.
    """
    try:
        return int(word)
    except ValueError:
        raise ArgumentTypeError(f"must be a whole number; got {word!r}") from None


def parse_float(word: str) -> float:
    """Convert a word to a number.

    Raises:
        ArgumentTypeError: The word is not a number.
    """
    try:
        return float(word)
    except ValueError:
        raise ArgumentTypeError(f"must be a number; got {word!r}") from None


def parse_bool(word: str) -> bool:
    """Convert "true" or "false" to a bool.

    Raises:
        ArgumentTypeError: The word is neither.
    """
    if word not in ("true", "false"):
        raise ArgumentTypeError(f"must be true or false; got {word!r}")
    return word == "true"


def make_choice_type(*choices: str) -> Callable[[str], str]:
    """Make an argument type that accepts the given words only."""

    def parse_choice(word: str) -> str:
        if word not in choices:
            raise ArgumentTypeError(f"must be one of {', '.join(choices)}; got {word!r}")
        return word

    return parse_choice


def parse_package(word: str) -> str:
    """Check the name of a package, which may contain dots, and return it.

    Raises:
        ArgumentTypeError: The word is not a valid package name.
    """
    if not all(part.isidentifier() for part in word.split(".")):
        raise ArgumentTypeError(f"must be the name of a package, such as mine; got {word!r}")
    return word


class ListAction(Action):
    """Action that collects values separated by spaces or commas, or given with a repeated flag."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Append the values to those of earlier flags."""
        given = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, [*given, *(v for part in values or () for v in part)] or None)


def parse_names(word: str) -> Sequence[str]:
    """Split a word at its commas; brackets around it are ignored."""
    return [name.strip() for name in word.strip("[]").split(",") if name.strip()]


def parse_ints(word: str) -> Sequence[int]:
    """Split a word at its commas and convert the parts to integers.

    Raises:
        ArgumentTypeError: A part is not an integer.
    """
    return [parse_int(name) for name in parse_names(word)]
