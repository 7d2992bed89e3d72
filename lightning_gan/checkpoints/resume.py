"""What `--ckpt_path last` and `auto` mean."""

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
    names = list_experiment_names(run, data)
    if which == "last":
        return find.find_last_checkpoint(run, names)
    path = find.find_newest_valid(run, names, say)
    if path is None and fits:
        say(f"{run.root}/{run.name} holds no whole checkpoint: a new run begins.")
        return None
    return path or find.find_last_checkpoint(run, names)


def list_experiment_names(run: runs.Run, data: Mapping[str, Any]) -> list[str]:
    """Names that the runs of an experiment go by: embedded data give a second one."""
    kind: Any = getattr(datamodules, str(data.get("class_path")).split(".")[-1], None)
    embedded = getattr(kind, "embedded_name", None)
    return [run.name] + ([runs.rename_for_data(run.name, kind.name, embedded)] if embedded else [])


def lock_checkpoint_run(
    look: Callable[[Callable[[str], None]], Path | None],
    say: Callable[[str], None],
    holds: ExitStack,
) -> Path | None:
    """What is `find_checkpoint` for a run that goes on in its own folder, which is held from then on.

    Whoever held the folder before may have written since it was found: it is looked at again once it is held.

    Args:
        look: `find_checkpoint`, which is told where to say what was passed over.
        say: as for `find_checkpoint`.
        holds: keeps the folder.

    Raises:
        CheckpointError: if there is none.
        InUseError: if another process writes to that run. A job that SLURM has queued again waits for it first: a file
            server may believe for a while that a process of a lost node lives.
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
    """Seconds to wait for a folder: a job that SLURM has queued again waits for its own former life."""
    job = current_job.find_current_job()
    return run_lock.REQUEUE_TIMEOUT if job and job.restarts else 0.0


def check_experiment(path: str, stored: Mapping[str, Any], data: Mapping[str, Any] | None) -> None:
    """A checkpoint must be one, and of a model on these data, before anything else is said of it.

    Args:
        path: of the checkpoint.
        stored: in it.
        data: settings of the data.

    Raises:
        CheckpointError: if it only tells of a crash.
        ValueError: naming both data sets.
    """
    if "crash" in stored:
        raise verify.CheckpointError(
            f"{path} tells what led to a bad step, and is no checkpoint: look at it with replay {path}."
        )
    kind: Any = getattr(datamodules, str((data or {}).get("class_path")).split(".")[-1], None)
    names = [getattr(kind, "name", None), getattr(kind, "embedded_name", None)]
    ours = {getattr(getattr(datamodules, module), "name", None) for module in datamodules.__all__}
    if isinstance(names[0], str) and stored.get("data") in ours - {None, *names}:
        verify.check_data_name(path, dict(stored), names[0])
