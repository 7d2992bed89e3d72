"""Where a run goes on from a file: in the folder of its run, or in a new one."""

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
    patience: float,
    say: Callable[[str], None],
    holds: ExitStack,
) -> Path | None:
    """Choose where a run goes on from a file, and hold that folder.

    The newest checkpoint of a run goes on in the run's own folder, as `last` does. Any other file begins a new folder,
    so that nothing that came after it is overwritten; one line says so.

    Args:
        path: Checkpoint.
        step: Updates of G in it.
        run: The experiment that was asked for.
        names: Names that the experiment's runs go by.
        patience: Seconds to wait for whoever holds the folder.
        say: Function that prints a line.
        holds: Stack that holds the folder.

    Returns:
        The run's folder; None for a new folder.

    Raises:
        InUseError: Another process writes to that run.
    """
    reason = _why_new_folder(path, step, run, names)
    if not reason:
        home = _folder_of(path)
        holds.enter_context(run_lock.run_lock(home, say, patience))
        reason = _why_new_folder(path, step, run, names)  # a process may have saved meanwhile
        if not reason:
            return home
        holds.close()
    say(f"branch   {path} {reason}: a new folder begins, and what is there stays as it is.")
    return None


def _folder_of(path: Path) -> Path:
    """Return the run folder of a checkpoint, as the user wrote it where that has enough parts."""
    folder = path.parent.parent
    return folder if len(folder.parents) > 1 and folder.name != ".." else folder.resolve()


def _why_new_folder(path: Path, step: int, run: runs.Run, names: list[str]) -> str:
    """Say why a file does not go on in the folder of its run; empty if it does."""
    folder = runs.find_run_folder(path)
    if folder is None or path.parent.resolve() != folder / "checkpoints":
        return "lies in no run's folder"
    own = read_config(folder).get("run") or {}
    same_root = Path(str(own.get("root"))).resolve() == Path(run.root).resolve()
    if own.get("name") not in names or not same_root:
        wanted = Path(run.root, run.name)
        return f"belongs to {Path(str(own.get('root')), str(own.get('name')))}, and {wanted} was asked for"
    return "" if _is_newest(path, step) else f"is not the newest checkpoint of {_folder_of(path)}"


def _is_newest(path: Path, step: int) -> bool:
    """Return whether nothing newer than a step's file is in its folder; `last.ckpt` is the newest by its name."""
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
    except verify.CheckpointError:  # its step is not known
        return False
