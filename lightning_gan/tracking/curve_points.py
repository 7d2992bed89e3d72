"""The points of a run's curves, read from metrics.csv."""

import csv
import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from lightning_gan.tracking import run_info

Curve = list[tuple[int, float]]


def read_curves(folder: Path, keys: Collection[str] = ()) -> dict[str, Curve]:
    """Read a run's curves; those of a run that goes on from another one begin where that one began.

    Args:
        folder: Folder of the run.
        keys: Columns to read; empty for all.

    Returns:
        (step, value) pairs of each key in order of steps: finite values only, and the last one where a step was written
        twice.
    """
    return _joined(folder, keys, frozenset())


def _joined(folder: Path, keys: Collection[str], after: frozenset[Path]) -> dict[str, Curve]:
    own = _curves(folder / "metrics.csv", keys)
    before = run_info.read_run_info(folder).get("continues") or {}
    earlier = Path(str(before.get("checkpoint", ""))).resolve().parent.parent
    seen, start = after | {folder.resolve()}, before.get("step")
    if not isinstance(start, int) or earlier in seen or not (earlier / "metrics.csv").is_file():
        return own
    joined = {
        key: [point for point in curve if point[0] <= start]
        for key, curve in _joined(earlier, keys, seen).items()
        if not key.startswith("test/")
    }
    for key, curve in own.items():
        joined[key] = [p for p in joined.get(key, []) if p[0] < curve[0][0]] + curve
    return {key: curve for key, curve in joined.items() if curve}


def _curves(path: Path, keys: Collection[str]) -> dict[str, Curve]:
    curves: dict[str, dict[int, float]] = defaultdict(dict)
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for key, step, value in _numbers(row, keys):
                    curves[key][step] = value
    return {key: sorted(curve.items()) for key, curve in curves.items()}


def _numbers(row: Mapping[str, Any], keys: Collection[str]) -> Iterator[tuple[str, int, float]]:
    for key, text in row.items():
        if key in (None, "step", "epoch") or not isinstance(text, str):
            continue
        if keys and key not in keys:
            continue
        try:
            step, value = int(float(row["step"])), float(text)
        except (ValueError, KeyError):  # an empty cell, or a line that was cut off
            continue
        if math.isfinite(value):
            yield key, step, value
