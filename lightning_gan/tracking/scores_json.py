"""Append to and read scores.json and baselines.json, without parsing all entries for each new one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

BEGIN, END = "[\n {\n", "\n }\n]\n"  # of a list that `append_score` wrote
NEXT = "\n {\n"  # start of an entry: deeper levels are indented further, and strings hold no line breaks


def append_score(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Append entries to a JSON list atomically; the bytes are those of a list that was written at once."""
    if not entries and path.is_file():
        return
    entries = [{KEY: FORMAT, **entry} for entry in entries]
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if before and not _has_our_layout(before):
        entries, before = [*read(path), *entries], ""
    text = json.dumps(list(entries), indent=1, ensure_ascii=False) + "\n"
    if before:
        text = before.removesuffix("\n]\n") + "," + text.removeprefix("[")
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    """Read the entries of a list; empty if there is no file.

    Raises:
        ValueError: The file is not JSON.
        FormatError: Another version of this suite wrote it.
    """
    entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    for entry in entries:
        check_format(entry, path)
    return list(entries)


def count_scores(path: Path) -> int:
    """Count the entries of a list; 0 if there is no file.

    Raises:
        ValueError: The file is not JSON.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else "[]"
    return text.count(NEXT) if _has_our_layout(text) else len(json.loads(text))


def _has_our_layout(text: str) -> bool:
    return text.startswith(BEGIN) and text.endswith(END)
