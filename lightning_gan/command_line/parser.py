"""Errors on the command line and in configs: one sentence with the key, the file and what was probably meant."""

import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from pytorch_lightning.cli import LightningArgumentParser

from lightning_gan.command_line.config_files import given
from lightning_gan.trust import HOW

UNKNOWN_KEY = re.compile(
    r"(?:accept option|Option|Key) '([\w.]+)'|nrecognized arguments: -*([\w.]+)"
)
UNKNOWN_CLASS = re.compile(
    r"Expected a dot import path string: ([\w.]+)|(?:Import failed|Problem with).*?'([\w.]+)'"
)
UNTRUSTED = re.compile(r"Importing '([\w.]+)' is not allowed")
NO_NUMBER = re.compile(
    r"key \"([\w.]+)\".*Expected a <class '(?:int|float)'>.*Given value: (\S+)", flags=re.DOTALL
)

OF_A_KIND = re.compile(
    r"Parser key \"([\w.]+)\":\s+Expected a <class '([\w.]+)'>\. Got value: (\S+)$"
)
KINDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false",
    "collections.abc.Sequence": "a list, such as [128, 128]", "list": "a list, such as [128, 128]",
}  # fmt: skip


class Parser(LightningArgumentParser):
    """LightningCLI's parser, without the page of usage that hides its message."""

    classes: ClassVar[Sequence[str]] = ()
    """Names that a config may use for a class."""

    def save(self, *args: Any, **how: Any) -> None:
        """As ever, without another look at what has been parsed."""
        super().save(*args, **({"skip_validation": True} | how))

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print one sentence and leave with status 2."""
        keys = sorted({a.dest for a in self._actions if a.dest != "help"})
        sys.stderr.write(f"error: {sentence(message, keys, self.classes, given(sys.argv))}\n")
        sys.exit(2)


def sentence(
    message: str, keys: Sequence[str], classes: Sequence[str], files: Sequence[str]
) -> str:
    """What was wrong, where it was written, and what was probably meant."""
    if "arguments are required" in message and ".model" in message:
        return "No model was given: name an experiment, such as --config mnist.yaml."
    if match := UNTRUSTED.search(message):
        return _with_hints(f"{match.group(1)!r} was refused: {HOW}.", match.group(1), (), files)
    if match := NO_NUMBER.search(message):
        key, value = match.groups()
        return _with_hints(f"{key!r} wants a number; got {value!r}.", value, (), files)
    if match := UNKNOWN_CLASS.search(message):
        wrong = match.group(1) or match.group(2)
        return _with_hints(f"No class {wrong!r}.", wrong, classes, files)
    if match := UNKNOWN_KEY.search(message):
        wrong = match.group(1) or match.group(2)
        names = [*keys, *re.findall(r"[\w.]+", message.split("Accepted options")[-1])]
        return _with_hints(f"There is no setting {wrong!r}.", wrong, names, files)
    if (match := OF_A_KIND.search(message)) and match.group(2) in KINDS:
        key, kind, value = match.groups()
        written = [f for f in files if _says(f, key.split(".")[-1], value)]
        place = f" (In {written[-1]}.)" if written else ""
        return f"{key!r} wants {KINDS[kind]}; got {value!r}.{place}"
    if match := re.search(r"arguments are required: (.+)$", message):
        return f"Settings are missing that have no default: give {match.group(1)}."
    text = innermost(message).removeprefix("Parser key ").rstrip(".") + "."
    value = re.search(r"Got value: (.+)\.$", text)
    return _with_hints(text, value.group(1) if value else "", (), files)


def innermost(message: str) -> str:
    """The one line that a nest of alternatives was about."""
    alternatives = re.findall(r"^\s*- (.+)$", message, flags=re.MULTILINE)
    telling = [a for a in alternatives if not a.startswith(("Expected a <class", "Not a valid"))]
    return " ".join((telling[0] if telling else message).split())


def _says(file: str, key: str, value: str) -> bool:
    """Whether a line of a config gives this value to a key of this name."""
    line = re.compile(rf"\b{re.escape(key)}:\s*['\"]?{re.escape(value)}(?![\w.])")
    return line.search(Path(file).read_text(errors="replace")) is not None


def _with_hints(text: str, wrong: str, names: Sequence[str], files: Sequence[str]) -> str:
    last = wrong.split(".")[-1]
    word = re.compile(rf"\b{re.escape(last)}\b")
    places = [f for f in files if last and word.search(Path(f).read_text(errors="replace"))]
    near = difflib.get_close_matches(wrong, [n for n in names if n != wrong], n=1, cutoff=0.6)
    text += f" Did you mean {near[0]!r}?" if near else ""
    return text + (f" (In {places[-1]}.)" if places else "")
