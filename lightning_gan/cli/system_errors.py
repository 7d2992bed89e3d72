"""Messages for errors of the operating system, with file, free space and advice."""

import errno
import os
import shutil
from pathlib import Path

from lightning_gan.cli.terminal import escape_text

ELSEWHERE = "Choose another path, or free space or change permissions there."
ADVICE = {
    errno.EDQUOT: "Delete files, or choose another path: your quota there is used up.",
    errno.EROFS: "Choose another path: that file system is read-only.",
    errno.EFBIG: "Choose another path, or raise the limit on file sizes (`ulimit -f`).",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.EMFILE: "Raise the limit on open files (`ulimit -n`), or give a smaller --data.num_workers.",
    errno.ENFILE: "Close other programs: the limit on open files of this machine is reached.",
    errno.EADDRINUSE: "Another run uses this port: set MASTER_PORT to another number.",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


def describe_os_error(error: OSError) -> str:
    """Describe an error of the operating system: cause, path, free space and advice."""
    if not error.strerror:
        text = " ".join(str(error).split())
        return text or f"{type(error).__name__}. LIGHTNING_GAN_TRACEBACK=1 shows where."
    name = error.filename
    if name is None:
        return f"{error.strerror}. {_advice(error, None)}"
    path = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else Path(str(name))
    space = _describe_free_space(path) if error.errno in FULL else ""
    return f"{error.strerror}: {escape_text(str(path))}{space}. {_advice(error, path)}"


def _advice(error: OSError, path: Path | None) -> str:
    if isinstance(error, ConnectionError | TimeoutError):
        return "Check the network, or set WANDB_MODE=offline if this is W&B."
    if path is None and error.errno in FULL:
        return "Free space where this command writes: its files, its output, or the folder for temporary files."
    return ADVICE.get(
        error.errno or 0, ELSEWHERE if path else "LIGHTNING_GAN_TRACEBACK=1 shows where."
    )


def _describe_free_space(path: Path) -> str:
    """Return the free space of the path's file system in parentheses; empty if it is unknown."""
    try:
        existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        free = shutil.disk_usage(existing).free
    except (OSError, StopIteration):
        return ""
    return f" ({free / 1e6:,.1f} MB are free in {escape_text(str(existing))})"
