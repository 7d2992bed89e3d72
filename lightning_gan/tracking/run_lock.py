"""One run, one writer: the process that trains holds the run's folder until it ends; one that never began goes again.

An flock on a file in the folder: the kernel lets go of it when the process ends, however it ends, so that no lock is
ever left behind. The package filelock does not keep these promises: where a file system has no flock, it leaves a
marker file, which stays when its process is killed; and its 3.x versions empty the file, which names the owner here,
before they have the lock.
"""

import errno
import fcntl
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities.rank_zero import rank_zero_only

from lightning_gan.tracking.loggers import finish_wandb
from lightning_gan.tracking.metrics_csv import read_rows
from lightning_gan.utils.errors import UserError

FILE = ".writer"  # in the run's folder; it stays there
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
BEFORE_THE_FIRST_STEP = {
    FILE,
    "config.yaml",
    "hparams.yaml",
    "run.json",
    "metrics.csv",
    "images",
    "wandb",
    "mlruns",
}
REQUEUED = 120.0  # seconds that a job which was queued again waits for its own former life


class InUseError(UserError):
    """A run that another process writes to."""


@contextmanager
def run_lock(folder: Path, say: Callable[[str], None], patience: float = 0.0) -> Iterator[None]:
    """Keep other processes from writing to a run; only the first of several processes does, which writes for all.

    Args:
        folder: of the run.
        say: where to tell that the file system knows no locks, or that somebody is waited for.
        patience: seconds to wait for whoever holds it.

    Raises:
        InUseError: naming who holds the folder.
    """
    if rank_zero_only.rank:  # type: ignore[attr-defined]
        yield
        return
    handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if _locked(handle, folder, say, patience):
            _sign(handle)
        yield
    finally:
        os.close(handle)


def _locked(handle: int, folder: Path, say: Callable[[str], None], patience: float) -> bool:
    """Take the lock; False where there are none."""
    end, message = time.monotonic() + patience, False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            who = os.pread(handle, 1000, 0).decode(errors="replace").strip() or "another process"
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            say(
                f"{folder}: this file system has no locks, so nothing keeps a second process out of the run."
            )
            return False
        if time.monotonic() >= end:
            raise InUseError(
                f"{folder} is being written by {who}: wait until it has ended, or give an older checkpoint, "
                f"--ckpt_path FILE, which begins a new folder."
            )
        if not message:
            say(f"{folder} is held by {who}: waiting {patience:.0f} s at most.")
            message = True
        time.sleep(0.2)


def _sign(handle: int) -> None:
    """Write down who this is, for those who come second; a full disk does not matter."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    name = f"process {os.getpid()} on {platform.node() or 'this machine'} (since {since})\n"
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, name.encode(), 0)


def remove_empty_run(
    folder: Path, command: Any, kind: type[BaseException] | None, *_: object
) -> None:
    """Take a new run's folder away again, if an error has ended it before anything was there to keep.

    Args:
        folder: of the run.
        command: whose `trainer` has made steps, if it has one.
        kind: of what ended it.
    """
    made = {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}
    steps = command.trainer.global_step if hasattr(command, "trainer") else 0
    began = steps or read_rows(folder / "metrics.csv") or made - BEFORE_THE_FIRST_STEP
    if kind and issubclass(kind, Exception | KeyboardInterrupt) and not began:
        finish_wandb()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # other runs of the experiment are there
            folder.parent.rmdir()
