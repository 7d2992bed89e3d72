"""Messages of jsonargparse as sentences: what was wrong, where it was written, and what was probably meant."""

import ast
import re
from collections.abc import Sequence

from lightning_gan.cli.suggestions import find_near_class, find_near_setting
from lightning_gan.utils import config_lines
from lightning_gan.utils.trusted_classes import HOW

UNKNOWN_KEY = re.compile(
    r"(?:accept option|Option|Key) '([\w.]+)'|nrecognized arguments: -*([\w.]+)"
)
UNKNOWN_CLASS = re.compile(
    r"Expected a dot import path string: ([\w.-]+)\s*$|(?:Import failed|Problem with).*?'([\w.]+)'",
    flags=re.MULTILINE,
)
UNTRUSTED = re.compile(r"Importing '([\w.]+)' is not allowed")
OTHER_CLASS = re.compile(
    r"Import path ([\w.]+) does not correspond to a (?:subclass of|callable that returns.*?) ?([\w.]+)"
)
KEY = re.compile(r"(?:Parser )?[kK]ey \"([\w.]+)\"")
VALUE = re.compile(r"(?:Got|Given) value: (.+?)\s*$", flags=re.MULTILINE)
NO_NUMBER = re.compile(
    r"key \"([\w.]+)\".*Expected a <class '(?:int|float)'>.*Given value: (\S+)", flags=re.DOTALL
)
NO_CLASS = re.compile(r"Expected a dot import path string: (.+?)\s*$", flags=re.MULTILINE)
EXPECTED = re.compile(r"Expected an? <class '([\w.]+)'>")
CHOICES = re.compile(r"Expected a typing\.Literal(\[.*?\])(?=\s|\.|$)")
NO_FILE = re.compile(r"^[\w./~ -]+\.ya?ml$")
LOOP = re.compile(r"Config file loop detected: .*?([^ ]+)\s*$", flags=re.MULTILINE)
KINDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "dict": "keys with values, such as {a: 1}",
    "collections.abc.Sequence": "a list, such as [128, 128]", "list": "a list, such as [128, 128]", "str": "text",
}  # fmt: skip


def format_parser_error(
    message: str, keys: Sequence[str], classes: Sequence[str], words: Sequence[str]
) -> str:
    """Return what was wrong, where it was written, and what was probably meant.

    Args:
        message: Message of jsonargparse.
        keys: Settings of the parser.
        classes: Names that a config may use for a class.
        words: Command line.
    """
    if "arguments are required" in message and ".model" in message:
        return "No model was given: name an experiment, such as --config mnist.yaml."
    key = match.group(1) if (match := KEY.search(message)) else ""
    value = match.group(1).strip() if (match := VALUE.search(message)) else ""
    if match := UNTRUSTED.search(message):
        return _with_place(_untrusted(match.group(1)), "", match.group(1))
    if match := OTHER_CLASS.search(message):
        wrong, kind = match.groups()
        return _with_place(f"{key!r} wants a subclass of {kind}; {wrong!r} is not one.", "", wrong)
    if match := NO_NUMBER.search(message):
        key, value = match.groups()
        return _with_place(f"{key!r} wants a number; got {value!r}.", key, value)
    if match := LOOP.search(message):  # true loops are refused before; this one is a second try
        file = match.group(1)
        text = f"{file} does not fit {key!r}: correct its class_path or its init_args."
        return _with_place(text, "", file)
    if text := _wrong_value(message, key, value):
        return _with_place(text, key, value)
    if match := UNKNOWN_CLASS.search(message):
        wrong = match.group(1) or match.group(2)
        meant = find_near_class(wrong, classes)
        hint = f" Did you mean {meant}?" if meant else ""
        return _with_place(f"No class {wrong!r}.{hint}", "", wrong)
    if match := NO_CLASS.search(message):
        wanted = "the name of a class, or a mapping with class_path and init_args"
        return _with_place(f"{key!r} wants {wanted}; got {match.group(1)!r}.", "", match.group(1))
    if match := UNKNOWN_KEY.search(message):
        return _unknown_setting(match.group(1) or match.group(2), message, keys, words)
    if match := re.search(r"arguments are required: (.+)$", message):
        return f"Settings are missing that have no default: give {match.group(1)}."
    if match := re.search(r"argument (-[\w.-]+): expected one argument", message):
        return f"{_typed(match.group(1), words)} wants a value behind it."
    text = _shorten(find_innermost(message), message)
    return _with_place(text.removeprefix("Parser key ").rstrip(".") + ".", "", value)


def find_innermost(message: str) -> str:
    """The one line that a nest of alternatives was about."""
    alternatives = re.findall(r"^\s*- (.+)$", message, flags=re.MULTILINE)
    telling = [
        a
        for a in alternatives
        if not a.startswith(("Expected a <class", "Not a valid", "Expected a path but"))
        and not a.endswith(":")
    ]
    return " ".join((telling[0] if telling else message).split())


def _shorten(line: str, message: str) -> str:
    """Return a line, or all of the message where the line ends before it says anything."""
    return " ".join(message.split()) if not line or line.endswith(":") else line


def _wrong_value(message: str, key: str, value: str) -> str:
    """Return what a setting wants instead of a plain value; empty if the message is about something else."""
    if "Expected a dot import path" in message or "Problem with" in message or not key:
        return ""
    choices = [choice for text in CHOICES.findall(message) for choice in ast.literal_eval(text)]
    kinds = [KINDS[kind] for kind in EXPECTED.findall(message) if kind in KINDS]
    named = list(dict.fromkeys(str(choice) for choice in choices))
    wanted = [*dict.fromkeys(kinds), *([f"one of {', '.join(named)}"] if named else [])]
    if not wanted or not value:
        return ""
    return f"{key!r} wants {' or '.join(wanted)}; got {_quoted(value)}."


def _quoted(value: str) -> str:
    """Return a value in quotes; a list as it was typed."""
    return value if value.startswith(("[", "{")) else repr(value)


def _untrusted(name: str) -> str:
    if NO_FILE.fullmatch(name):
        return (
            f"There is no file {name!r} beside the config that names it, or in the working folder."
        )
    return f"{name!r} was refused: {HOW}."


def _unknown_setting(wrong: str, message: str, keys: Sequence[str], words: Sequence[str]) -> str:
    typed = [w.lstrip("-").partition("=")[0].rstrip("+") for w in words if w.startswith("--")]
    flags = [flag for flag in typed if flag == wrong or flag.endswith(f".{wrong}")]
    name = flags[-1] if flags else wrong
    names = [*keys, *re.findall(r"[\w.]+", message.split("Accepted options")[-1])]
    found = find_near_setting(name, [n for n in names if n not in (wrong, name)], bool(flags))
    hint = f" Did you mean {' or '.join(map(repr, found))}?" if found else ""
    text = f"There is no setting {wrong!r}."
    return f"{text}{hint}" if flags else _with_place(f"{text}{hint}", wrong, "")


def _typed(flag: str, words: Sequence[str]) -> str:
    """Return the flag that was typed where jsonargparse names the beginning of it."""
    return next((word for word in words if word.startswith(f"{flag}.")), flag)


def _with_place(text: str, key: str, value: str) -> str:
    """Add the file and the line in which it is written, if a config says it."""
    place = config_lines.find_place(key, value)
    if place is None and key:
        place = config_lines.find_place(key.rpartition(".")[2], value)
    if (
        place is None and "." in value
    ):  # a class goes by several names, such as os.system and posix.system
        place = config_lines.find_place(key, value.rpartition(".")[2])
    return f"{text} (In {place}.)" if place and (key or value) else text
