"""Find and lock the checkpoint that `--ckpt_path last` or `auto` means."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import datamodules
from lightning_gan.checkpoints import find, verify
from lightning_gan.slurm import current_job
from lightning_gan.tracking import run_lock, runs


def find_checkpoint(
    which: str, run: runs.Run, data: Mapping[str, Any], fits: bool, say: Callable[[str], None]
) -> Path | None:
    """Find the newest checkpoint of an experiment: any file (`last`), or the newest undamaged one (`auto`).

    Args:
        which: `last` or `auto`.
        run: Requested experiment.
        data: Settings of the data; runs on embedded data are named after those.
        fits: Whether a new run may start if there is no checkpoint.
        say: Function that prints a line: a checkpoint that was skipped, and why.

    Returns:
        Path of the checkpoint; None if a new run starts.

    Raises:
        CheckpointError: There is no checkpoint, and one is needed.
    """
    names = list_experiment_names(run, data)
    if which == "last":
        return find.find_last_checkpoint(run, names)
    path = find.find_newest_valid(run, names, say)
    if path is None and fits:
        say(f"{run.root}/{run.name} has no complete checkpoint: a new run starts.")
        return None
    return path or find.find_last_checkpoint(run, names)


def list_experiment_names(run: runs.Run, data: Mapping[str, Any]) -> list[str]:
    """Return the names of an experiment's runs; a data set with embedded data gives a second name."""
    kind: Any = getattr(datamodules, str(data.get("class_path")).split(".")[-1], None)
    embedded = getattr(kind, "embedded_name", None)
    return [run.name] + ([runs.rename_for_data(run.name, kind.name, embedded)] if embedded else [])


def lock_checkpoint_run(
    look: Callable[[Callable[[str], None]], Path | None],
    say: Callable[[str], None],
    holds: ExitStack,
) -> Path | None:
    """Find a checkpoint and lock its run folder.

    The search is repeated once the folder is locked, because the process that held the lock may have written a newer
    checkpoint.

    Args:
        look: `find_checkpoint`, which receives a function that prints a line.
        say: Function that prints a line.
        holds: Exit stack that receives the lock.

    Returns:
        Path of the checkpoint; None if a new run starts.

    Raises:
        CheckpointError: There is no checkpoint.
        InUseError: Another process writes to that run. A requeued job waits for the lock first, because a file server
            may keep the lock of a lost node for a while.
    """
    home: Path | None = None
    while True:
        message: list[str] = []
        path = look(message.append)
        if path is None or path.parents[1] == home:
            break
        holds.close()
        home = path.parents[1]
        holds.enter_context(run_lock.run_lock(home, say, find_requeue_timeout()))
    for line in message:
        say(line)
    return path


def find_requeue_timeout() -> float:
    """Return the longest time to wait for a lock, in seconds; only a requeued SLURM job waits."""
    job = current_job.find_current_job()
    return run_lock.REQUEUE_TIMEOUT if job and job.restarts else 0.0


def check_experiment(path: str, stored: Mapping[str, Any], data: Mapping[str, Any] | None) -> None:
    """Check that a file is a checkpoint, and that its data set is the requested one.

    Args:
        path: Checkpoint path, for the message.
        stored: Content of the file.
        data: Settings of the data.

    Raises:
        CheckpointError: The file is a crash recording.
        UserError: The data sets differ; the message names both.
    """
    if "crash" in stored:
        raise verify.CheckpointError(
            f"{path} is a crash recording, not a checkpoint: execute it with replay {path}."
        )
    kind: Any = getattr(datamodules, str((data or {}).get("class_path")).split(".")[-1], None)
    names = [getattr(kind, "name", None), getattr(kind, "embedded_name", None)]
    ours = {getattr(getattr(datamodules, module), "name", None) for module in datamodules.__all__}
    if isinstance(names[0], str) and stored.get("data") in ours - {None, *names}:
        verify.check_data_name(path, dict(stored), names[0])
