"""What the configs of this command say, and where: the file and the line of each key and value."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ARGUMENTS = ("init_args", "dict_kwargs", "class_path")  # levels that a flag leaves out
_files: dict[str, yaml.Node] = {}


@dataclass(frozen=True)
class ConfigEntry:
    """A key of a config, or a value without one.

    Attributes:
        file: Path of the config, as it was given.
        line: Number of the line, from 1.
        path: Names of the sections and the key, as a flag has them; without the last one for a value in a list.
        value: Text of a plain value; empty for a list or a section.
    """

    file: str
    line: int
    path: tuple[str, ...]
    value: str

    @property
    def place(self) -> str:
        """The file and the line as text."""
        return f"{self.file}, line {self.line}"


def forget_entries() -> None:
    """Forget all files: a new command begins."""
    _files.clear()


def remember_entries(path: Path, root: yaml.Node) -> None:
    """Keep the nodes of a file, since its relative path leads nowhere once the working folder changes."""
    _files.pop(str(path), None)
    _files[str(path)] = root


def list_entries() -> list[ConfigEntry]:
    """Return all keys and plain values, those of the last file first."""
    return [entry for file, root in reversed(_files.items()) for entry in _entries(root, file, ())]


def find_place(key: str = "", value: str = "", section: str = "") -> str | None:
    """Return "file, line N" of the last place where a key has a value; None if there is none.

    Args:
        key: Name of a setting, or its last parts; empty for any.
        value: Plain value; empty for any. For a class, its name is enough.
        section: Section that the key is in; empty for any.
    """
    parts = tuple(part for part in key.split(".") if part)
    for entry in list_entries():
        named = not parts or entry.path[-len(parts) :] == parts
        valued = not value or entry.value == value or entry.value.endswith(f".{value}")
        if named and valued and (not section or section in entry.path):
            return entry.place
    return None


def _entries(node: yaml.Node, file: str, path: tuple[str, ...]) -> Iterator[ConfigEntry]:
    if isinstance(node, yaml.ScalarNode):
        yield ConfigEntry(file, node.start_mark.line + 1, path, str(node.value))
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _entries(child, file, path)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            name = str(key.value)
            inner = path if name in ARGUMENTS else (*path, name)
            if not isinstance(child, yaml.ScalarNode) and name not in ARGUMENTS:
                yield ConfigEntry(file, key.start_mark.line + 1, inner, "")
            yield from _entries(child, file, inner)
