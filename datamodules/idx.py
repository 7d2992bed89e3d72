"""Files in the idx format of LeCun's MNIST page: found, checked byte for byte, read."""

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
    """One idx file as it must be.

    Attributes:
        name: as published, without .gz: train-images-idx3-ubyte.
        shape: its dimensions, (n,) or (n, height, width).
        md5: of the unpacked file.
    """

    name: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> bytes:
        """Magic number (unsigned bytes, number of dimensions), then each dimension, big-endian."""
        magic = bytes([0, 0, 8, len(self.shape)])
        return magic + b"".join(n.to_bytes(4, "big") for n in self.shape)

    @property
    def size(self) -> int:
        """Bytes of the unpacked file."""
        return len(self.header) + math.prod(self.shape)


def unpack_gzip(data: bytes, size: int) -> bytes:
    """Contents of gzip data, never more than size + 1 bytes of it; other data as they are.

    Raises:
        ValueError: if data are gzip, but damaged, cut off, or larger than size inside.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    gunzip = zlib.decompressobj(wbits=31)
    try:
        raw = gunzip.decompress(data, size + 1)
    except zlib.error as error:
        raise UserError(f"is damaged: gzip says {str(error).lower()!r}") from error
    if len(raw) > size:
        raise UserError(f"unpacks to more than the {size:,} bytes wanted")
    if not gunzip.eof:
        raise UserError("is cut off: the gzip data end too early")
    return raw


def check_file(raw: bytes, spec: FileSpec) -> None:
    """Compare an unpacked file with its specification.

    Raises:
        ValueError: the predicate of a sentence that has the file as its subject.
    """
    header = raw[: len(spec.header)]
    if not raw:
        raise UserError("is empty")
    if raw.lstrip()[:1] == b"<":
        raise UserError("is a web page, not an idx file")
    if header[:4] != spec.header[:4] or len(header) < len(spec.header):
        raise UserError(f"does not begin as an idx file of {len(spec.shape)} dimension(s) does")
    if header != spec.header:
        shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(4, len(header), 4))
        raise UserError(f"holds data of shape {shape}, where {spec.shape} is wanted")
    if len(raw) != spec.size:
        what = "is cut off" if len(raw) < spec.size else "is too long"
        raise UserError(f"{what}: {len(raw):,} bytes, where {spec.size:,} are wanted")
    md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if md5 != spec.md5:
        raise UserError(f"has other contents: its unpacked md5 is {md5}, {spec.md5} is wanted")


def list_candidates(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    """Where a file may lie: names as published and as widely copied, unpacked before gz."""
    for folder in folders:
        for variant in (name, name.replace("-idx", ".idx")):
            yield folder / variant
            yield folder / f"{variant}.gz"


def locate_file(spec: FileSpec, folders: Sequence[Path]) -> Path | None:
    """First candidate that exists; a folder of that name only where there is no file."""
    there = [path for path in list_candidates(spec.name, folders) if os.path.lexists(path)]
    files = [path for path in there if not path.is_dir()]
    return next(iter(files or there), None)


def holds_any(path: Path, size: int, md5s: Collection[str]) -> bool:
    """Whether a file, unpacked, is one of those with these digests; what cannot be read is none of them."""
    try:
        raw = unpack_gzip(path.read_bytes(), size)
    except (OSError, ValueError):
        return False
    return hashlib.md5(raw, usedforsecurity=False).hexdigest() in md5s


@contextmanager
def describe_damage(path: Path) -> Iterator[None]:
    """Make a sentence with the file as its subject of what is found wrong with it.

    Raises:
        ValueError: with that sentence.
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
            f"{path} {error}. It was not used and not touched: move it away or delete it yourself,"
            " and run again."
        ) from error


def read_idx(path: Path, spec: FileSpec) -> Tensor:
    """Verified contents of a file, gz or not: uint8, spec.shape.

    Raises:
        ValueError: if it cannot be read or is not, to the byte, what spec says.
    """
    with describe_damage(path):
        raw = unpack_gzip(path.read_bytes(), spec.size)
        check_file(raw, spec)
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8)[len(spec.header) :].view(spec.shape)


def write_idx(folder: Path, spec: FileSpec, raw: bytes) -> None:
    """Verify a file and put it in place in one step; a reader sees all of it or nothing.

    Raises:
        ValueError: if it is not, to the byte, what spec says.
    """
    try:
        check_file(raw, spec)
    except ValueError as error:
        raise UserError(f"{spec.name} {error}") from error
    with atomic_write(folder / spec.name) as beside:
        beside.write_bytes(raw)
