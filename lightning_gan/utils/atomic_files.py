"""Files that are there whole or not at all."""

import errno
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WRITER = "inline_container"  # source file of torch's writer, which its errors name
ROOM = 1 << 16  # bytes


@contextmanager
def atomic_write(path: Path, durable: bool = True) -> Iterator[Path]:
    """A place beside a path, to write to; it takes the path's name when all is written, in one step.

    Two processes that write the same file at once both end well: the later one stays. Folders are made.

    Args:
        path: of the file.
        durable: whether to wait until the file is on the disk before it takes the name, and then for the name, so that
            a power cut too leaves the old file or the new one.

    Raises:
        OSError: the file could not be written; its `filename` is the path. Errors of torch.save become one.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new" / "a.txt"
        >>> with whole(path) as beside:
        ...     _ = beside.write_text("all of it")
        >>> path.read_text(), len(list(path.parent.iterdir()))
        ('all of it', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{_node()}.{os.getpid()}.part")
    try:
        yield beside
        if durable:
            flush_to_disk(beside)
        os.replace(beside, path)
        if durable:
            flush_to_disk(path.parent)
    except OSError as error:
        if error.errno and error.filename in (None, str(beside)):
            error.filename = str(path)
        raise
    except RuntimeError as error:
        if WRITER not in str(error):
            raise
        raise OSError(*_why(beside), str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _why(beside: Path) -> tuple[int, str]:
    """Return number and name of the error that keeps bytes from a file, of which torch's writer says nothing."""
    try:
        with beside.open("ab") as file:
            file.write(bytes(ROOM))
    except OSError as error:
        return error.errno or errno.EIO, error.strerror or "Input/output error"
    return errno.EIO, "The file could not be written whole"


def flush_to_disk(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial_files(folder: Path) -> list[Path]:
    """Take away what writers that were killed left half written under a folder; those that live are left alone.

    Returns:
        What was taken away.
    """
    ours = re.compile(rf"\..+\.{re.escape(_node())}\.(\d+)\.part")
    left = [(path, ours.fullmatch(path.name)) for path in folder.rglob(".*.part")]
    dead = [path for path, match in left if match and not _lives(int(match[1]))]
    for path in dead:
        path.unlink(missing_ok=True)
    return dead


def _node() -> str:
    """This machine's name, by which a shared folder tells its processes from others'."""
    return platform.node().replace(os.sep, "_") or "node"


def _lives(process: int) -> bool:
    if process == os.getpid():
        return False  # a new life under an old number: nothing is being written yet
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # someone else's
        return True
    return True
