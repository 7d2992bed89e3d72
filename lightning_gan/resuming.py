"""What `--ckpt_path last` and `auto` mean."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import datamodules
from lightning_gan import runs


def found(
    which: str, run: runs.Run, data: Mapping[str, Any], fits: bool, say: Callable[[str], None]
) -> Path | None:
    """The newest file (`last`), or the newest whole one (`auto`), of a run of this experiment.

    Args:
        which: `last` or `auto`.
        run: the experiment, and where its runs are.
        data: settings of the data: where only embedded ones were to be had, runs are called after these.
        fits: whether a new run may begin where there is nothing to go on from.
        say: where to tell what was passed over.

    Returns:
        None if a new run begins.

    Raises:
        CheckpointError: if there is none, and something has to be scored.
    """
    kind: Any = getattr(datamodules, str(data.get("class_path")).split(".")[-1], None)
    embedded = getattr(kind, "embedded_name", None)
    names = [run.name] + ([runs.renamed(run.name, kind.name, embedded)] if embedded else [])
    if which == "last":
        return runs.last_checkpoint(run, names)
    path = runs.newest_whole(run, names, say)
    if path is None and fits:
        say(f"{run.root}/{run.name} holds no whole checkpoint: a new run begins.")
        return None
    return path or runs.last_checkpoint(run, names)
