"""Files and lines of the keys and values in the configs of a command, for error messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ARGUMENTS = ("init_args", "dict_kwargs", "class_path")  # levels that flags omit
_files: dict[str, yaml.Node] = {}


@dataclass(frozen=True)
class ConfigEntry:
    """Key or value of a config.

    Attributes:
        file: Path of the config, as given.
        line: Number of the line, from 1.
        path: Names of the sections and the key, as in a flag; for a value in a list, the names of the list.
        value: Text of a plain value; empty for a list or a section.
    """

    file: str
    line: int
    path: tuple[str, ...]
    value: str

    @property
    def location(self) -> str:
        """File and line as text."""
        return f"{self.file}, line {self.line}"


def forget_entries() -> None:
    """Forget the files of an earlier command."""
    _files.clear()


def remember_entries(path: Path, root: yaml.Node) -> None:
    """Store the nodes of a file. Its relative path is invalid after a change of the working folder."""
    _files.pop(str(path), None)
    _files[str(path)] = root


def list_entries() -> list[ConfigEntry]:
    """List all keys and plain values, the last file first."""
    return [entry for file, root in reversed(_files.items()) for entry in _entries(root, file, ())]


def find_location(key: str = "", value: str = "", section: str = "") -> str | None:
    """Find the last key with a value, and return it as "file, line N"; None if there is none.

    Args:
        key: Name of a setting, or its last parts; empty for any.
        value: Plain value, or class name without module; empty for any.
        section: Section of the key; empty for any.
    """
    parts = tuple(part for part in key.split(".") if part)
    for entry in list_entries():
        key_matches = not parts or entry.path[-len(parts) :] == parts
        value_matches = not value or entry.value == value or entry.value.endswith(f".{value}")
        if key_matches and value_matches and (not section or section in entry.path):
            return entry.location
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
