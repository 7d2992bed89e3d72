"""Manifest of the samples that the command `sample` writes to a folder: samples.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from lightning_gan.image_files.names import is_hidden, is_image_file, to_printable
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError

NAME = "samples.json"
FORMAT = "lightning_gan samples 1"


@dataclass(frozen=True)
class Manifest:
    """List of the sample files in a folder.

    Attributes:
        checkpoint: Checkpoint of the generator.
        step: Number of G's updates.
        seed: Random seed for the noise.
        files: SHA-256 of each file, in hexadecimal, by name and in the order of the samples.
    """

    checkpoint: str
    step: int
    seed: int
    files: Mapping[str, str]


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write a manifest atomically to the folder of its files, and return its path."""
    content = {"format": FORMAT, **vars(manifest)}
    with atomic_write(folder / NAME, durable=False) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder / NAME


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a folder; None if there is none, or if the file is another program's.

    Raises:
        ValueError: If it is damaged, or names a file outside the folder or a missing file.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    advice = f"draw the samples again, or remove {NAME} to evaluate every image in the folder"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also text that is not UTF-8
        raise UserError(f"{to_printable(path)} is not complete: {advice}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    files = content.get("files")
    if not isinstance(files, dict) or not files or not all(map(_is_plain, files)):
        raise UserError(f"{to_printable(path)} lists no files of its folder: {advice}.")
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"{to_printable(path)} lists {to_printable(missing[0])}, which does not exist ({len(missing):,} of "
            f"{len(files):,} files are missing): {advice}."
        )
    return Manifest(
        _text(content, "checkpoint"), _number(content, "step"), _number(content, "seed"), files
    )


def make_changed_file_error(path: Path) -> UserError:
    """Return the error for a file that differs from the one in its manifest."""
    return UserError(
        f"{to_printable(path)} differs from the file that {NAME} lists: draw the samples again, or remove {NAME} to "
        f"evaluate every image in the folder."
    )


def find_unlisted(folder: Path, files: Mapping[str, str]) -> int:
    """Return the number of image files in a folder that a manifest does not list."""
    return sum(
        is_image_file(path.name)
        and not is_hidden(path.name)
        and path.name not in files
        and path.is_file()
        for path in folder.iterdir()
    )


def _is_plain(name: str) -> bool:
    return is_image_file(name) and "/" not in name and "\\" not in name


def _text(content: Mapping[str, Any], key: str) -> str:
    return str(content.get(key, ""))


def _number(content: Mapping[str, Any], key: str) -> int:
    value = content.get(key)
    return value if isinstance(value, int) else 0
