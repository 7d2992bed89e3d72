"""Types of command-line arguments: each turns a word into a value, or says what is wanted instead."""

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from typing import Any


def whole_number(word: str) -> int:
    """Return a word as a whole number.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        return int(word)
    except ValueError:
        raise ArgumentTypeError(f"wants a whole number; got {word!r}") from None


def number(word: str) -> float:
    """Return a word as a number.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        return float(word)
    except ValueError:
        raise ArgumentTypeError(f"wants a number; got {word!r}") from None


def switch(word: str) -> bool:
    """Return true or false.

    Raises:
        ArgumentTypeError: It is neither.
    """
    if word not in ("true", "false"):
        raise ArgumentTypeError(f"wants true or false; got {word!r}")
    return word == "true"


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a type that takes some words and no others."""

    def choice(word: str) -> str:
        if word not in choices:
            raise ArgumentTypeError(f"wants one of {', '.join(choices)}; got {word!r}")
        return word

    return choice


def package(word: str) -> str:
    """Return the name of a package, which may have dots.

    Raises:
        ArgumentTypeError: No package can have this name.
    """
    if not all(part.isidentifier() for part in word.split(".")):
        raise ArgumentTypeError(f"{word}: give the name of a package, such as --trust mine")
    return word


class ListAction(Action):
    """Collects values that are separated by spaces, by commas, or given with the flag several times."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Append the values."""
        given = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, [*given, *(v for part in values or () for v in part)] or None)


def names(word: str) -> Sequence[str]:
    """Return the names in a word, between commas."""
    return [name.strip() for name in word.strip("[]").split(",") if name.strip()]


def whole_numbers(word: str) -> Sequence[int]:
    """Return the whole numbers in a word, between commas.

    Raises:
        ArgumentTypeError: One of them is none.
    """
    return [whole_number(name) for name in names(word)]
