"""Reader and writer for files in the idx format of LeCun's MNIST page, which check every byte."""

import hashlib
import math
import os
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


@dataclass(frozen=True)
class FileSpec:
    """Specification of an idx file.

    Attributes:
        name: Published name without .gz, such as train-images-idx3-ubyte.
        shape: Dimensions, (n,) or (n, height, width).
        md5: Digest of the unpacked file.
    """

    name: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> bytes:
        """Header: magic number (unsigned bytes, number of dimensions), then each dimension, big-endian."""
        magic = bytes([0, 0, 8, len(self.shape)])
        return magic + b"".join(n.to_bytes(4, "big") for n in self.shape)

    @property
    def size(self) -> int:
        """Size of the unpacked file, in bytes."""
        return len(self.header) + math.prod(self.shape)


def unpack_gzip(data: bytes, size: int) -> bytes:
    """Decompress gzip data of at most `size` bytes; other data are returned unchanged.

    Raises:
        ValueError: If gzip data are damaged or truncated, or their contents are larger than `size`.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    gunzip = zlib.decompressobj(wbits=31)
    try:
        raw = gunzip.decompress(data, size + 1)
    except zlib.error as error:
        raise UserError(f"is damaged: gzip reports {str(error).lower()!r}") from error
    if len(raw) > size:
        raise UserError(f"unpacks to more than {size:,} bytes")
    if not gunzip.eof:
        raise UserError("is cut off: the gzip data end too early")
    return raw


def check_idx_file(raw: bytes, spec: FileSpec) -> None:
    """Compare an unpacked file with its specification.

    Raises:
        ValueError: If it is not valid; the message is the predicate of a sentence about the file.
    """
    header = raw[: len(spec.header)]
    if not raw:
        raise UserError("is empty")
    if raw.lstrip()[:1] == b"<":
        raise UserError("is a web page, not an idx file")
    if header[:4] != spec.header[:4] or len(header) < len(spec.header):
        raise UserError(f"has no header of an idx file with {len(spec.shape)} dimension(s)")
    if header != spec.header:
        shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(4, len(header), 4))
        raise UserError(f"holds data of shape {shape} instead of {spec.shape}")
    if len(raw) != spec.size:
        what = "is cut off" if len(raw) < spec.size else "is too long"
        raise UserError(f"{what}: {len(raw):,} bytes instead of {spec.size:,}")
    md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if md5 != spec.md5:
        raise UserError(f"has other contents: its unpacked md5 is {md5} instead of {spec.md5}")


def list_candidates(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the possible paths of a file: published and commonly used names, unpacked before gz."""
    for folder in folders:
        for variant in (name, name.replace("-idx", ".idx")):
            yield folder / variant
            yield folder / f"{variant}.gz"


def locate_file(spec: FileSpec, folders: Sequence[Path]) -> Path | None:
    """Return the first candidate that exists, or None; files come before folders."""
    there = [path for path in list_candidates(spec.name, folders) if os.path.lexists(path)]
    files = [path for path in there if not path.is_dir()]
    return next(iter(files or there), None)


def holds_any(path: Path, size: int, md5s: Collection[str]) -> bool:
    """Return whether the unpacked contents of a file have one of these digests; False if it cannot be read."""
    try:
        raw = unpack_gzip(path.read_bytes(), size)
    except (OSError, ValueError):
        return False
    return hashlib.md5(raw, usedforsecurity=False).hexdigest() in md5s


@contextmanager
def describe_damage(path: Path) -> Iterator[None]:
    """Turn errors within the context into a sentence with the file as its subject and advice.

    Raises:
        ValueError: If the context raises an OSError or a ValueError, or the path is a folder.
    """
    try:
        if path.is_dir():
            raise UserError("is a folder, not a file")
        yield
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise UserError(f"{path} {reason}: make it readable, or move it away.") from error
    except ValueError as error:
        raise UserError(
            f"{path} {error}. It was not used and not changed: move it away or delete it, and run"
            " again."
        ) from error


def read_idx(path: Path, spec: FileSpec) -> Tensor:
    """Read and verify a file, gz or not: uint8, spec.shape.

    Raises:
        ValueError: If it cannot be read or differs from the specification.
    """
    with describe_damage(path):
        raw = unpack_gzip(path.read_bytes(), spec.size)
        check_idx_file(raw, spec)
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8)[len(spec.header) :].view(spec.shape)


def write_idx(folder: Path, spec: FileSpec, raw: bytes) -> None:
    """Verify the contents of a file and write it atomically.

    Raises:
        ValueError: If the contents differ from the specification.
    """
    try:
        check_idx_file(raw, spec)
    except ValueError as error:
        raise UserError(f"{spec.name} {error}") from error
    with atomic_write(folder / spec.name) as temporary:
        temporary.write_bytes(raw)
