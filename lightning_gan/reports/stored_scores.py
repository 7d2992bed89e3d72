"""Reader of scores.json, baselines.json and the files of `evaluate --json`."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning_gan.evaluation import Score, protocol_from_dict
from lightning_gan.utils.file_format import check_format

EVALUATED = "evaluate*.json"  # files of `evaluate --json` in a run folder
TESTED = "test/version_*/scores.json"  # files of the command `test`


@dataclass(frozen=True)
class StoredScore:
    """An entry of scores.json or baselines.json.

    Attributes:
        source: Stage (val, test), or name of the baseline.
        step: Number of updates of G.
        score: Score with its protocol.
    """

    source: str
    step: int
    score: Score


def read_stored_scores(path: Path, source: str) -> tuple[list[StoredScore], int]:
    """Read scores.json or baselines.json; return its scores and the number of unreadable ones."""
    entries = _read_json(path)
    found = []
    for entry in entries if isinstance(entries, list) else []:
        check_format(entry, path)
        for score in _parse_scores([entry]):
            if isinstance(entry.get("step"), int) and source in entry:
                found.append(StoredScore(entry[source], entry["step"], score))
    return found, len(entries or ()) - len(found)


def read_evaluated(folder: Path) -> tuple[dict[str, Score], int]:
    """Read the files of `evaluate --json`; return their scores by name and the number of unreadable ones."""
    found: dict[str, Score] = {}
    unreadable = 0
    for path in _list_files(folder, EVALUATED):
        content = _read_json(path)
        entries = content.get("scores") if isinstance(content, dict) else None
        if isinstance(content, dict) and isinstance(entries, list):
            check_format(content, path)
            scores = {score.name: score for score in _parse_scores(entries)}
            found |= scores
            unreadable += len(entries) - len(scores)
    return found, unreadable


def read_tested(folder: Path, step: int) -> tuple[dict[str, Score], int]:
    """Read what the command `test` wrote; return the scores at a step by name, and the number of unreadable ones."""
    found: dict[str, Score] = {}
    unreadable = 0
    for path in _list_files(folder, TESTED):
        stored, missing = read_stored_scores(path, "stage")
        found |= {entry.score.name: entry.score for entry in stored if entry.step == step}
        unreadable += missing
    return found, unreadable


def _list_files(folder: Path, pattern: str) -> list[Path]:
    """Return files with the newest one last, which wins where several have a score."""
    return sorted(folder.glob(pattern), key=lambda path: (path.stat().st_mtime, path.name))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _parse_scores(entries: Iterable[Any]) -> Iterator[Score]:
    """Yield the score of each entry whose protocol this version can read."""
    for entry in entries:
        try:
            protocol = protocol_from_dict(entry["protocol"])
            yield Score(entry["name"], entry["value"], entry["sd"], protocol, tuple(entry["notes"]))
        except (ValueError, KeyError, TypeError):
            continue
