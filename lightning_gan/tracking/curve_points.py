"""Read the curves of a run from metrics.csv."""

import csv
import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from lightning_gan.tracking import run_info

Curve = list[tuple[int, float]]


def read_curves(folder: Path, keys: Collection[str] = ()) -> dict[str, Curve]:
    """Read the curves of a run, together with those of the runs that it continues.

    Args:
        folder: Run folder.
        keys: Columns to read; empty for all.

    Returns:
        (step, value) pairs of each key in order of steps. Only finite values; the last value of a step that was
        written twice.
    """
    return _join_curves(folder, keys, frozenset())


def _join_curves(folder: Path, keys: Collection[str], after: frozenset[Path]) -> dict[str, Curve]:
    own = _read_file(folder / "metrics.csv", keys)
    before = run_info.read_run_info(folder).get("continues") or {}
    earlier = Path(str(before.get("checkpoint", ""))).resolve().parent.parent
    seen, start = after | {folder.resolve()}, before.get("step")
    if not isinstance(start, int) or earlier in seen or not (earlier / "metrics.csv").is_file():
        return own
    joined = {
        key: [point for point in curve if point[0] <= start]
        for key, curve in _join_curves(earlier, keys, seen).items()
        if not key.startswith("test/")
    }
    for key, curve in own.items():
        joined[key] = [p for p in joined.get(key, []) if p[0] < curve[0][0]] + curve
    return {key: curve for key, curve in joined.items() if curve}


def _read_file(path: Path, keys: Collection[str]) -> dict[str, Curve]:
    curves: dict[str, dict[int, float]] = defaultdict(dict)
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for key, step, value in _parse_row(row, keys):
                    curves[key][step] = value
    return {key: sorted(curve.items()) for key, curve in curves.items()}


def _parse_row(row: Mapping[str, Any], keys: Collection[str]) -> Iterator[tuple[str, int, float]]:
    for key, text in row.items():
        if key in (None, "step", "epoch") or not isinstance(text, str):
            continue
        if keys and key not in keys:
            continue
        try:
            step, value = int(float(row["step"])), float(text)
        except (ValueError, KeyError):  # an empty cell, or an incomplete last line
            continue
        if math.isfinite(value):
            yield key, step, value
