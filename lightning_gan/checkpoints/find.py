"""Find the newest checkpoint of an experiment, and cut a run's files back to it."""

import json
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

from lightning_gan.checkpoints.verify import CheckpointError, read_checkpoint
from lightning_gan.tracking import scores_json
from lightning_gan.tracking.metrics_csv import read_rows
from lightning_gan.tracking.runs import Run
from lightning_gan.utils.atomic_files import atomic_write, remove_partial_files

CHECKPOINTS = "version_*/checkpoints"  # in an experiment's folder


def find_last_checkpoint(run: Run, names: Iterable[str]) -> Path:
    """last.ckpt of the newest run of this experiment that has one.

    Args:
        run: of the experiment.
        names: that it may go by.

    Raises:
        CheckpointError: if there is none.
    """
    found = [p for n in names for p in Path(run.root, n).glob(f"{CHECKPOINTS}/last.ckpt")]
    if not found:
        others = sorted(
            {p.parents[2].name for p in Path(run.root).glob(f"*/{CHECKPOINTS}/last.ckpt")}
        )
        there = f" There are checkpoints of {', '.join(others)}." if others else ""
        raise CheckpointError(
            f"Nothing to resume: there is no {run.root}/{run.name}/{CHECKPOINTS}/last.ckpt. Start a run "
            f"without --ckpt_path, or give a file.{there}"
        )
    return max(found, key=_age)


def find_newest_valid(run: Run, names: Iterable[str], say: Callable[[str], None]) -> Path | None:
    """The newest checkpoint of this experiment that is whole, if there is one.

    Args:
        run: of the experiment.
        names: that it may go by.
        say: is told which newer ones were passed over, and why.
    """
    roots = [Path(run.root, name) for name in names]
    # last.ckpt is the newest step's second name: the file is looked at once, under its own
    found = {_age(p): p for root in roots for p in sorted(root.glob(f"{CHECKPOINTS}/*.ckpt"))}
    for age in sorted(found, reverse=True):
        try:
            read_checkpoint(found[age])
        except CheckpointError as error:
            say(f"passed over: {error}")
        else:
            return found[age]
    return None


def _age(path: Path) -> tuple[int, int]:
    """When a file was written, and which it is."""
    known = path.stat()
    return known.st_mtime_ns, known.st_ino


def truncate_run_files(folder: Path, checkpoint: dict[str, Any]) -> int:
    """Make a run's folder as it was when a checkpoint was made: no half-written files, no later scores.

    Args:
        folder: of the run.
        checkpoint: its content.

    Returns:
        How many rows of metrics.csv belong to the checkpoint: its own logger cuts it.
    """
    remove_partial_files(folder)
    for left in (folder / "checkpoints").glob("*.tmp"):  # of older versions of this suite
        left.unlink()
    rows, scores = read_rows(folder / "metrics.csv"), folder / "scores.json"
    entries = scores_json.read(scores)
    step = checkpoint["counts"]["g_updates"]  # older checkpoints do not say how much is theirs
    written = checkpoint.get("written") or {
        "metrics.csv": len(list(takewhile(lambda row: int(row["step"]) <= step, rows))),
        "scores.json": len(list(takewhile(lambda entry: entry["step"] <= step, entries))),
    }
    if entries:
        text = json.dumps(entries[: written["scores.json"]], indent=1, ensure_ascii=False)
        with atomic_write(scores) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    return int(written["metrics.csv"])
