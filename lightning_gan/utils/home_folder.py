"""Expansion of `~` and `~/...` in settings and paths."""

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

VARIABLES = ("LIGHTNING_GAN_CACHE", "LIGHTNING_GAN_DATA", "LIGHTNING_GAN_WEIGHTS", "TORCH_HOME")


def expand_home(value: Any) -> Any:
    """Expand `~` in a string, or in the strings of a list, tuple, dictionary or namespace.

    Args:
        value: Value of a setting. Only strings that are `~` or begin with `~/` change.

    Example:
        >>> expand_home(["a", "~b", {"root": "~/x"}]) == ["a", "~b", {"root": str(Path.home() / "x")}]
        True
    """
    if isinstance(value, str):
        return str(Path(value).expanduser()) if value == "~" or value.startswith("~/") else value
    if isinstance(value, dict):
        return {key: expand_home(part) for key, part in value.items()}
    if isinstance(value, Namespace):  # changed in place
        for key, part in vars(value).items():
            setattr(value, key, expand_home(part))
    if type(value) in (list, tuple):
        return type(value)(map(expand_home, value))
    return value


def expand_home_in_word(word: str) -> str:
    """Expand `~` in a word of a command line, which may be FLAG=VALUE."""
    flag, equals, value = word.partition("=")
    return (
        f"{flag}={expand_home(value)}"
        if equals and flag.startswith("--")
        else str(expand_home(word))
    )


def find_data_folder(root: str) -> Path:
    """Return the folder of the data sets: `root`, or LIGHTNING_GAN_DATA if `root` is the default "data"."""
    named = os.environ.get("LIGHTNING_GAN_DATA", root) if root == "data" else root
    return Path(expand_home(str(named)))


def expand_environment() -> None:
    """Expand `~` in the environment variables of paths."""
    for name in VARIABLES:
        if name in os.environ:
            os.environ[name] = expand_home(os.environ[name])
