"""Lock on a run folder, and removal of a run folder that an error left without results."""

import errno
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from lightning_gan.tracking.loggers import finish_wandb
from lightning_gan.tracking.metrics_csv import read_metric_rows
from lightning_gan.utils.errors import UserError

FILE = ".writer"  # in the run folder; holds the name of the process; stays there after release
NOT_SUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
FILES_WITHOUT_STEPS = {
    FILE,
    "config.yaml",
    "hparams.yaml",
    "run.json",
    "metrics.csv",
    "images",
    "wandb",
    "mlruns",
}
REQUEUE_TIMEOUT = 120.0  # seconds that a requeued job waits for its own earlier process


class InUseError(UserError):
    """Error for a run that another process writes."""


@contextmanager
def run_lock(folder: Path, say: Callable[[str], None], timeout: float = 0.0) -> Iterator[None]:
    """Lock a run folder against other processes while the context lasts.

    Only rank 0 takes the lock, because it alone writes. The kernel releases the lock when the process ends, also when
    it is killed.

    Args:
        folder: Run folder.
        say: Function that prints a line: the file system has no locks, or the lock is awaited.
        timeout: Longest time to wait for the lock, in seconds.

    Raises:
        InUseError: Another process holds the lock; the message names it.
    """
    if rank_zero_only.rank:  # type: ignore[attr-defined]
        yield
        return
    # a soft lock is a file that a killed process would leave behind; threads share the lock, any of them may release it
    lock = FileLock(folder / FILE, fallback_to_soft=False, thread_local=False, poll_interval=0.2)
    try:
        if _acquire(lock, folder, say, timeout):
            _write_holder(folder / FILE)
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, folder: Path, say: Callable[[str], None], timeout: float) -> bool:
    """Acquire the lock; return False where the file system has none."""
    for seconds in (0.0, timeout):
        try:
            lock.acquire(timeout=seconds)
            return True
        except Timeout:
            holder = _read_holder(folder / FILE)
        except OSError as error:
            if error.errno not in NOT_SUPPORTED:
                raise
            say(f"{folder}: this file system has no file locks; a second process is not detected.")
            return False
        if timeout and not seconds:
            say(f"{folder} is locked by {holder}; waiting up to {timeout:.0f} s.")
    raise InUseError(
        f"{folder} is being written by {holder}: wait until it has ended, or give an older checkpoint, "
        f"--ckpt_path FILE, which begins a new folder."
    )


def _read_holder(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")[:1000]
    except OSError:
        text = ""
    return text.strip() or "another process"


def _write_holder(path: Path) -> None:
    """Write which process holds the lock; a full disk does not matter."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    name = f"process {os.getpid()} on {platform.node() or 'this machine'} (since {since})\n"
    with suppress(OSError):
        path.write_text(name, encoding="utf-8")


def remove_empty_run(
    folder: Path, command: Any, kind: type[BaseException] | None, *_: object
) -> None:
    """Remove the folder of a new run that an error ended before its first step.

    Args:
        folder: Run folder.
        command: Command object; its `trainer`, if it has one, tells how many steps were taken.
        kind: Class of the error; None if there was none.
    """
    made = {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}
    steps = command.trainer.global_step if hasattr(command, "trainer") else 0
    began = steps or read_metric_rows(folder / "metrics.csv") or made - FILES_WITHOUT_STEPS
    if kind and issubclass(kind, Exception | KeyboardInterrupt) and not began:
        finish_wandb()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # other runs of the experiment are there
            folder.parent.rmdir()
