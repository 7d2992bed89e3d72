"""Choose the folder in which a run resumed from a file continues: its own, or a new one."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from lightning_gan.checkpoints import verify
from lightning_gan.tracking import run_lock, runs
from lightning_gan.tracking.stored_settings import read_config


def choose_run_folder(
    path: Path,
    step: int,
    run: runs.Run,
    names: list[str],
    timeout: float,
    say: Callable[[str], None],
    holds: ExitStack,
) -> Path | None:
    """Choose the folder in which a run resumed from a file continues, and lock it.

    The newest checkpoint of a run continues in the run's own folder, as `last` does. Any other file begins a new
    folder, so that no later result is overwritten; one line says so.

    Args:
        path: Checkpoint path.
        step: Updates of G in the checkpoint.
        run: Requested experiment.
        names: Names of the experiment's runs.
        timeout: Longest time to wait for the lock, in seconds.
        say: Function that prints a line.
        holds: Exit stack that receives the lock.

    Returns:
        The run's own folder; None for a new folder.

    Raises:
        InUseError: Another process writes to that run.
    """
    reason = _why_new_folder(path, step, run, names)
    if not reason:
        home = _folder_of(path)
        holds.enter_context(run_lock.run_lock(home, say, timeout))
        reason = _why_new_folder(path, step, run, names)  # a process may have saved meanwhile
        if not reason:
            return home
        holds.close()
    say(
        f"branch   {path} {reason}: the run continues in a new folder; the old one stays unchanged."
    )
    return None


def _folder_of(path: Path) -> Path:
    """Return the run folder of a checkpoint, as the user wrote it if that path has enough parts."""
    folder = path.parent.parent
    return folder if len(folder.parents) > 1 and folder.name != ".." else folder.resolve()


def _why_new_folder(path: Path, step: int, run: runs.Run, names: list[str]) -> str:
    """Return why a file cannot continue in its run's folder; empty if it can."""
    folder = runs.find_run_folder(path)
    if folder is None or path.parent.resolve() != folder / "checkpoints":
        return "is not in a run folder"
    own = read_config(folder).get("run") or {}
    same_root = Path(str(own.get("root"))).resolve() == Path(run.root).resolve()
    if own.get("name") not in names or not same_root:
        wanted = Path(run.root, run.name)
        return f"belongs to {Path(str(own.get('root')), str(own.get('name')))}, not to {wanted}"
    return "" if _is_newest(path, step) else f"is not the newest checkpoint of {_folder_of(path)}"


def _is_newest(path: Path, step: int) -> bool:
    """Return whether a file is the newest checkpoint of its folder; `last.ckpt` always is."""
    last = path.with_name("last.ckpt")
    if path.name == last.name:
        return True
    if not path.stem.startswith("step="):  # such as best.ckpt, which has no optimizers
        return False
    numbers = [p.stem.removeprefix("step=") for p in path.parent.glob("step=*.ckpt")]
    if any(int(number) > step for number in numbers if number.isdecimal()):
        return False
    if not last.is_file() or last.samefile(path):
        return True
    try:
        return bool(verify.read_checkpoint(last)["counts"]["g_updates"] <= step)
    except verify.CheckpointError:  # the step of last.ckpt is unknown
        return False
