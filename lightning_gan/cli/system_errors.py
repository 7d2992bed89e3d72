"""Errors of the operating system as sentences: which file, how much room there is, what to do."""

import errno
import os
import shutil
from pathlib import Path

from lightning_gan.cli.terminal import escape_text

ELSEWHERE = "Choose another place, or make room or permission there."
ADVICE = {
    errno.EDQUOT: "Delete files, or choose another place: your quota there is used up.",
    errno.EROFS: "Choose another place: nothing can be written to that file system.",
    errno.EFBIG: "Choose another place, or raise the limit of the size of files (`ulimit -f`).",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`), or give fewer --data.num_workers.",
    errno.ENFILE: "Close other programs: this machine has no more open files to give.",
    errno.EADDRINUSE: "Another run uses this port: set MASTER_PORT to another number.",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


def describe_os_error(error: OSError) -> str:
    """Return the sentence for an error of the operating system."""
    if not error.strerror:
        text = " ".join(str(error).split())
        return text or f"{type(error).__name__}. LIGHTNING_GAN_TRACEBACK=1 shows where."
    name = error.filename
    if name is None:
        return f"{error.strerror}. {_advice(error, None)}"
    path = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else Path(str(name))
    room = _free(path) if error.errno in FULL else ""
    return f"{error.strerror}: {escape_text(str(path))}{room}. {_advice(error, path)}"


def _advice(error: OSError, path: Path | None) -> str:
    if isinstance(error, ConnectionError | TimeoutError):
        return "Check the network, or set WANDB_MODE=offline if this is W&B."
    if path is None and error.errno in FULL:
        return "Make room where this command writes: its files, its output, or the folder for temporary files."
    return ADVICE.get(
        error.errno or 0, ELSEWHERE if path else "LIGHTNING_GAN_TRACEBACK=1 shows where."
    )


def _free(path: Path) -> str:
    """Return how much room the file system of a path has, in parentheses; empty if that is unknown."""
    try:
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        free = shutil.disk_usage(there).free
    except (OSError, StopIteration):
        return ""
    return f" ({free / 1e6:,.1f} MB are free in {escape_text(str(there))})"
