"""Sentences for errors of jsonargparse, made from the failed check (`Failure`), not from the text of the error."""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning_gan.cli.suggestions import find_near_class, find_near_setting
from lightning_gan.cli.type_hints import (
    describe_type,
    find_class_names,
    find_classes,
    resolve_class,
    takes_numbers,
)
from lightning_gan.utils import config_lines
from lightning_gan.utils.shell_text import format_command
from lightning_gan.utils.trusted_classes import HOW

UNTRUSTED = re.compile(r"Importing '([\w.]+)' is not allowed")
"""Text of jsonargparse for a class outside the allowed packages; the name is in the text alone."""
CLASS_WANTED = "the name of a class, or a mapping with class_path and init_args"
YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Failure:
    """Failed check of a setting.

    Attributes:
        key: Name of the setting, such as `trainer.max_steps`; relative to its class.
        value: Rejected value.
        annotation: Type of the setting; None if it has none.
        unknown: Whether the setting does not exist.
        missing: Names of the required settings without a value.
    """

    key: str = ""
    value: Any = None
    annotation: Any = None
    unknown: bool = False
    missing: tuple[str, ...] = ()


def attach_failure(error: Exception, failure: Failure) -> None:
    """Attach a failure to an exception that has none. The innermost check is attached first, and is the cause."""
    if not hasattr(error, "failure"):
        error.failure = failure  # type: ignore[attr-defined]


def find_failure(error: BaseException | None) -> Failure | None:
    """Find the innermost failure attached to an exception and its causes; None if there is none."""
    attached = [e.failure for e in _list_causes(error) if hasattr(e, "failure")]
    return attached[-1] if attached else None


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def format_parser_error(
    error: BaseException | None,
    failure: Failure | None,
    keys: Sequence[str],
    classes: Sequence[str],
    words: Sequence[str],
) -> str:
    """Format an error of jsonargparse as one sentence.

    Args:
        error: Exception of jsonargparse; None for words that no argument takes.
        failure: Failed check.
        keys: Settings of the parser that reports the error.
        classes: Names that a config may use for a class.
        words: Command line.
    """
    for cause in _list_causes(error):
        if match := UNTRUSTED.search(str(cause)):
            return _add_location(describe_untrusted(match.group(1)), "", match.group(1))
        if isinstance(cause, argparse.ArgumentError) and cause.argument_name:
            return f"{_find_typed(cause.argument_name, words)} needs a value."
    if failure and failure.missing:
        return _describe_missing(failure.missing)
    if failure and failure.unknown:
        return _describe_unknown(failure.key, keys, words)
    text = failure and _describe_value(failure, classes, words)
    return text or " ".join(f"{str(error).rstrip('.')}.".split())


def describe_untrusted(name: str) -> str:
    """Describe why a name was refused where a class is expected."""
    if name.endswith(YAML):
        return f"There is no file {name!r} in the folder of the config that names it, or in the working folder."
    return f"{name!r} was refused: {HOW}."


def _describe_missing(names: Sequence[str]) -> str:
    if "model" in names:
        return "No model was given: name an experiment, such as --config mnist.yaml."
    return f"Required settings are missing: give {', '.join(names)}."


def _describe_unknown(wrong: str, keys: Sequence[str], words: Sequence[str]) -> str:
    typed = [w.lstrip("-").partition("=")[0].rstrip("+") for w in words if w.startswith("--")]
    flags = [flag for flag in typed if flag == wrong or flag.endswith(f".{wrong}")]
    if f"-{wrong}" in words:
        return f"There is no setting '-{wrong}'. Did you mean '--{wrong}'?"
    if not flags and wrong in words:
        return f"{wrong!r} is one argument too many: settings are given as --NAME VALUE."
    name = flags[-1] if flags else wrong
    found = find_near_setting(name, [key for key in keys if key not in (wrong, name)], bool(flags))
    hint = f" Did you mean {' or '.join(map(repr, found))}?" if found else ""
    if flags and not hint and not words[0].startswith("-"):
        hint = f" Run {format_command(words[0], '--help')}."
    text = f"There is no setting {wrong!r}.{hint}"
    return text if flags else _add_location(text, wrong, "")


def _describe_value(failure: Failure, classes: Sequence[str], words: Sequence[str]) -> str:
    """Describe what a setting accepts instead of its value; empty if its type is unknown."""
    key, value, bases = failure.key, failure.value, find_classes(failure.annotation)
    wanted = describe_type(failure.annotation)
    if bases and not (isinstance(value, str) and takes_numbers(failure.annotation)):
        for name in find_class_names(value):
            if text := _describe_class(key, name, bases, classes):
                return _add_location(text, "", name)
        if isinstance(value, dict | list | argparse.Namespace):
            return ""
        wanted = CLASS_WANTED
    if not wanted:
        return ""
    text = f"{key!r} must be {wanted}; got {_format_value(value)}."
    return text if _is_typed(key, str(value), words) else _add_location(text, key, str(value))


def _describe_class(key: str, name: str, bases: Sequence[type], classes: Sequence[str]) -> str:
    """Describe why a setting does not accept the name of a class; empty if it accepts it."""
    if name.endswith(YAML):
        fits = f"{name} does not fit {key!r}: correct its class_path or its init_args."
        return fits if Path(name).is_file() else describe_untrusted(name)
    if not all(part.isidentifier() for part in name.replace("-", "_").split(".")):
        return f"{key!r} must be {CLASS_WANTED}; got {name!r}."
    found = resolve_class(name, bases)
    if found is None:
        meant = find_near_class(name, classes)
        return f"No class {name!r}.{f' Did you mean {meant}?' if meant else ''}"
    if isinstance(found, type) and not issubclass(found, tuple(bases)):
        kinds = " or ".join(base.__name__ for base in bases)
        return f"{key!r} must be a subclass of {kinds}; {name!r} is not one."
    return ""


def _format_value(value: Any) -> str:
    """Return a value in quotes; a list or a mapping as it was typed."""
    return str(value) if str(value).startswith(("[", "{")) else repr(value)


def _is_typed(key: str, value: str, words: Sequence[str]) -> bool:
    """Return whether a setting has a value on the command line, so that no config is the cause."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, equals, rest = word.partition("=")
        name = flag.lstrip("-")
        same = name == key or name.endswith(f".{key}")
        if flag.startswith("--") and same and value == (rest if equals else following):
            return True
    return False


def _find_typed(flag: str, words: Sequence[str]) -> str:
    """Return the flag that was typed, where jsonargparse names the beginning of it."""
    return next((word for word in words if word.startswith(f"{flag}.")), flag)


def _add_location(text: str, key: str, value: str) -> str:
    """Append the file and the line of a setting, if it is written in a config."""
    location = config_lines.find_location(key, value)
    if location is None and key:
        location = config_lines.find_location(key.rpartition(".")[2], value)
    # a class may have two names, such as os.system and posix.system
    if location is None and "." in value:
        location = config_lines.find_location(key, value.rpartition(".")[2])
    return f"{text} (In {location}.)" if location and (key or value) else text
