"""Atomic file writes."""

import errno
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WRITER = "inline_container"  # source file of torch's writer, named in its errors
PROBE_BYTES = 1 << 16


@contextmanager
def atomic_write(path: Path, durable: bool = True) -> Iterator[Path]:
    """Write a file atomically: yield a temporary path in the same folder, and rename it to `path` at the end.

    If two processes write the same file at once, the later one replaces the earlier. Folders are created.

    Args:
        path: Path of the file.
        durable: Whether to flush the file and its folder to disk, so that also a power failure leaves either the old
            or the new file.

    Yields:
        Path to write to.

    Raises:
        OSError: The file could not be written; `filename` is its path. Errors of torch.save are converted.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new" / "a.txt"
        >>> with atomic_write(path) as partial:
        ...     _ = partial.write_text("all of it")
        >>> path.read_text(), len(list(path.parent.iterdir()))
        ('all of it', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{_node()}.{os.getpid()}.part")
    try:
        yield partial
        if durable:
            flush_to_disk(partial)
        os.replace(partial, path)
        if durable:
            flush_to_disk(path.parent)
    except OSError as error:
        if error.errno and error.filename in (None, str(partial)):
            error.filename = str(path)
        raise
    except RuntimeError as error:
        if WRITER not in str(error):
            raise
        raise OSError(*_find_os_error(partial), str(path)) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _find_os_error(partial: Path) -> tuple[int, str]:
    """Find number and text of the error that prevented a write, which torch's writer does not report."""
    try:
        with partial.open("ab") as file:
            file.write(bytes(PROBE_BYTES))
    except OSError as error:
        return error.errno or errno.EIO, error.strerror or "Input/output error"
    return errno.EIO, "The file could not be written completely"


def flush_to_disk(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial_files(folder: Path) -> list[Path]:
    """Remove the partial files that killed processes of this machine left under a folder.

    Returns:
        Paths of the removed files.
    """
    pattern = re.compile(rf"\..+\.{re.escape(_node())}\.(\d+)\.part")
    found = [(path, pattern.fullmatch(path.name)) for path in folder.rglob(".*.part")]
    dead = [path for path, match in found if match and not _is_running(int(match[1]))]
    for path in dead:
        path.unlink(missing_ok=True)
    return dead


def _node() -> str:
    """Return the name of this machine, which separates its processes from others in a shared folder."""
    return platform.node().replace(os.sep, "_") or "node"


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return False  # the number was reused by this process, which has written nothing
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # owned by another user
        return True
    return True
