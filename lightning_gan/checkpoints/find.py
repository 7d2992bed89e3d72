"""Find the newest checkpoint of an experiment, and truncate the run's files to it."""

import json
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

from lightning_gan.checkpoints.verify import CheckpointError, read_checkpoint
from lightning_gan.tracking import scores_json
from lightning_gan.tracking.metrics_csv import read_metric_rows
from lightning_gan.tracking.runs import Run
from lightning_gan.utils.atomic_files import atomic_write, remove_partial_files

CHECKPOINTS = "version_*/checkpoints"  # in the folder of an experiment


def find_last_checkpoint(run: Run, names: Iterable[str]) -> Path:
    """Find the newest last.ckpt of an experiment.

    Args:
        run: Requested experiment.
        names: Names of the experiment's runs.

    Raises:
        CheckpointError: The experiment has no last.ckpt.
    """
    found = [p for n in names for p in Path(run.root, n).glob(f"{CHECKPOINTS}/last.ckpt")]
    if not found:
        others = sorted(
            {p.parents[2].name for p in Path(run.root).glob(f"*/{CHECKPOINTS}/last.ckpt")}
        )
        known = f" Other experiments with checkpoints: {', '.join(others)}." if others else ""
        raise CheckpointError(
            f"Nothing to resume: there is no {run.root}/{run.name}/{CHECKPOINTS}/last.ckpt. Start a run "
            f"without --ckpt_path, or give a file.{known}"
        )
    return max(found, key=_age)


def find_newest_valid(run: Run, names: Iterable[str], say: Callable[[str], None]) -> Path | None:
    """Find the newest checkpoint of an experiment that is complete and undamaged.

    Args:
        run: Requested experiment.
        names: Names of the experiment's runs.
        say: Function that prints a line: a newer checkpoint that was skipped, and why.

    Returns:
        Path of the checkpoint; None if there is none.
    """
    roots = [Path(run.root, name) for name in names]
    # last.ckpt is a hard link to the newest step's file: one key, so that the file is read once
    found = {_age(p): p for root in roots for p in sorted(root.glob(f"{CHECKPOINTS}/*.ckpt"))}
    for age in sorted(found, reverse=True):
        try:
            read_checkpoint(found[age])
        except CheckpointError as error:
            say(f"skipped: {error}")
        else:
            return found[age]
    return None


def _age(path: Path) -> tuple[int, int]:
    """Return modification time and inode of a file."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_ino


def truncate_run_files(folder: Path, checkpoint: dict[str, Any]) -> int:
    """Remove partial files and later scores, so that a run folder is as it was when a checkpoint was saved.

    Args:
        folder: Run folder.
        checkpoint: Content of the checkpoint.

    Returns:
        Number of rows of metrics.csv that belong to the checkpoint; the logger truncates that file.
    """
    remove_partial_files(folder)
    for left in (folder / "checkpoints").glob("*.tmp"):  # of older versions of this suite
        left.unlink()
    rows, scores = read_metric_rows(folder / "metrics.csv"), folder / "scores.json"
    entries = scores_json.read(scores)
    step = checkpoint["counts"]["g_updates"]  # for a checkpoint without the entry `written`
    written = checkpoint.get("written") or {
        "metrics.csv": len(list(takewhile(lambda row: int(row["step"]) <= step, rows))),
        "scores.json": len(list(takewhile(lambda entry: entry["step"] <= step, entries))),
    }
    if entries:
        text = json.dumps(entries[: written["scores.json"]], indent=1, ensure_ascii=False)
        with atomic_write(scores) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    return int(written["metrics.csv"])
