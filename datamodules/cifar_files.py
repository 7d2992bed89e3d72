"""Readers for the published files of CIFAR-10 (Krizhevsky, 2009), which check every byte."""

import hashlib
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path

import torch
from torch import Tensor

from datamodules.cifar_pickle import PIXELS, read_records
from datamodules.idx import describe_damage
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError

RECORD = 1 + PIXELS  # a label, then the red, green and blue planes, each row by row
FOLDER = "cifar-10-batches-bin"  # folder of the binary files, also in their archive


@dataclass(frozen=True)
class BatchFile:
    """Specification of one of the six files.

    Attributes:
        name: Name without suffix, such as data_batch_1.
        sha1: Digest of the binary version, name.bin.
        md5: Digest of the pickled version, name.
        n: Number of images.
    """

    name: str
    sha1: str
    md5: str
    n: int = 10_000

    @property
    def size(self) -> int:
        """Size of the binary version, in bytes."""
        return self.n * RECORD


@dataclass(frozen=True)
class Archive:
    """Archive of the binary files: address, size in bytes and md5."""

    url: str
    size: int
    md5: str

    @property
    def name(self) -> str:
        """File name."""
        return self.url.rsplit("/", 1)[-1]


def find_first(paths: Sequence[Path]) -> Path | None:
    """Return the first path that exists, or None; files come before folders."""
    there = [path for path in paths if os.path.lexists(path)]
    return next(iter([path for path in there if not path.is_dir()] or there), None)


def check_batch_file(raw: bytes, spec: BatchFile) -> None:
    """Compare the contents of a binary file with its specification.

    Raises:
        ValueError: If it is not valid; the message is the predicate of a sentence about the file.
    """
    sha1 = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
    if sha1 != spec.sha1:
        _check_size(len(raw), spec.size, raw[:1000])
        raise UserError(f"has other contents: its sha1 is {sha1} instead of {spec.sha1}")


def _check_size(size: int, wanted: int, beginning: bytes) -> None:
    if not size:
        raise UserError("is empty")
    if beginning.lstrip()[:2].lower() in (b"<!", b"<h"):
        raise UserError("is a web page, not a file of CIFAR-10")
    if size != wanted:
        what = "is cut off" if size < wanted else "is too long"
        raise UserError(f"{what}: {size:,} bytes instead of {wanted:,}")


def read_binary(path: Path, spec: BatchFile) -> Tensor:
    """Read and verify the records of a binary file, uint8 [n, 3073].

    Raises:
        ValueError: If it cannot be read or differs from the specification.
    """
    with describe_damage(path):
        raw = path.read_bytes()
        check_batch_file(raw, spec)
    return _tensor(raw)


def read_pickled(path: Path, spec: BatchFile) -> Tensor:
    """Read and verify the records of a pickled file, uint8 [n, 3073], without executing the pickle.

    Raises:
        ValueError: If it cannot be read or differs from the published one.
    """
    with describe_damage(path):
        raw = path.read_bytes()
        md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if md5 != spec.md5:
            raise UserError(
                f"has other contents: {len(raw):,} bytes with md5 {md5} instead of {spec.md5}"
            )
        return _tensor(read_records(raw, spec.n))


def read_archive(path: Path, specs: Sequence[BatchFile], archive: Archive) -> dict[str, Tensor]:
    """Read and verify the records of files in an archive: uint8 [n, 3073] by name; missing files are left out.

    Raises:
        ValueError: If it cannot be read or differs from the published one.
    """
    with describe_damage(path), path.open("rb") as packed:
        return {name: _tensor(raw) for name, raw in read_members(packed, specs, archive).items()}


def read_members(
    packed: BufferedReader | BytesIO, specs: Sequence[BatchFile], archive: Archive
) -> dict[str, bytes]:
    """Read and verify the contents of files in an archive, by name.

    The digest of the archive is checked before it is unpacked. Members are read but not extracted, so that their
    names cannot write outside a folder.

    Raises:
        ValueError: If it is not valid; the message is the predicate of a sentence about the archive.
    """
    md5 = hashlib.file_digest(packed, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    size = packed.seek(0, os.SEEK_END)
    packed.seek(0)
    if md5 != archive.md5:
        _check_size(size, archive.size, packed.read(1000))
        raise UserError(f"has other contents: its md5 is {md5} instead of {archive.md5}")
    wanted = {f"{FOLDER}/{spec.name}.bin": spec for spec in specs}
    raws = {}
    with tarfile.open(fileobj=packed, mode="r:gz") as members:
        for member in members:
            if (spec := wanted.get(member.name)) is None or not member.isfile():
                continue
            contents = members.extractfile(member)
            raws[spec.name] = contents.read(spec.size + 1) if contents else b""
            try:
                check_batch_file(raws[spec.name], spec)
            except ValueError as error:
                raise UserError(f"holds {member.name}, which {error}") from error
    return raws


def write_files(folder: Path, spec: BatchFile, raw: bytes) -> None:
    """Write a file's verified contents atomically."""
    with atomic_write(folder / f"{spec.name}.bin") as temporary:
        temporary.write_bytes(raw)


def _tensor(raw: bytes) -> Tensor:
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, RECORD)
