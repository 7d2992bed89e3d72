"""The published files of CIFAR-10 (Krizhevsky, 2009): found, checked byte for byte, read."""

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

RECORD = 1 + PIXELS  # a label, then red, green and blue, each row by row
FOLDER = "cifar-10-batches-bin"  # of the binary files, also in their archive


@dataclass(frozen=True)
class BatchFile:
    """One of the six files.

    Attributes:
        name: without an ending: data_batch_1.
        sha1: of the binary version, name.bin.
        md5: of the pickled version, name.
        n: images in it.
    """

    name: str
    sha1: str
    md5: str
    n: int = 10_000

    @property
    def size(self) -> int:
        """Bytes of the binary version."""
        return self.n * RECORD


@dataclass(frozen=True)
class Archive:
    """The binary files packed together: its address, bytes and md5."""

    url: str
    size: int
    md5: str

    @property
    def name(self) -> str:
        """Of the file."""
        return self.url.rsplit("/", 1)[-1]


def find_first(paths: Sequence[Path]) -> Path | None:
    """The first of them that exists; a folder of that name only where there is no file."""
    there = [path for path in paths if os.path.lexists(path)]
    return next(iter([path for path in there if not path.is_dir()] or there), None)


def check_file(raw: bytes, spec: BatchFile) -> None:
    """Compare the contents of a binary file with its specification.

    Raises:
        ValueError: the predicate of a sentence that has the file as its subject.
    """
    sha1 = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
    if sha1 != spec.sha1:
        _check_size(len(raw), spec.size, raw[:1000])
        raise UserError(f"has other contents: its sha1 is {sha1}, {spec.sha1} is wanted")


def _check_size(size: int, wanted: int, beginning: bytes) -> None:
    if not size:
        raise UserError("is empty")
    if beginning.lstrip()[:2].lower() in (b"<!", b"<h"):
        raise UserError("is a web page, not a file of CIFAR-10")
    if size != wanted:
        what = "is cut off" if size < wanted else "is too long"
        raise UserError(f"{what}: {size:,} bytes, where {wanted:,} are wanted")


def read_binary(path: Path, spec: BatchFile) -> Tensor:
    """Verified records of a binary file: uint8, [n, 3073].

    Raises:
        ValueError: if it cannot be read or is not, to the byte, what spec says.
    """
    with describe_damage(path):
        raw = path.read_bytes()
        check_file(raw, spec)
    return _tensor(raw)


def read_pickled(path: Path, spec: BatchFile) -> Tensor:
    """Verified records of a pickled file: uint8, [n, 3073]. Nothing that it names is run.

    Raises:
        ValueError: if it cannot be read or is not, to the byte, the published one.
    """
    with describe_damage(path):
        raw = path.read_bytes()
        md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if md5 != spec.md5:
            raise UserError(
                f"has other contents: {len(raw):,} bytes with md5 {md5}, {spec.md5} is wanted"
            )
        return _tensor(read_records(raw, spec.n))


def read_archive(path: Path, specs: Sequence[BatchFile], archive: Archive) -> dict[str, Tensor]:
    """Verified records, uint8, [n, 3073], of those files that the archive at path holds, by name.

    Raises:
        ValueError: if it cannot be read or is not, to the byte, the published one.
    """
    with describe_damage(path), path.open("rb") as packed:
        return {name: _tensor(raw) for name, raw in read_members(packed, specs, archive).items()}


def read_members(
    packed: BufferedReader | BytesIO, specs: Sequence[BatchFile], archive: Archive
) -> dict[str, bytes]:
    """Verified contents of the files in an archive, by name. Its bytes are checked before they are unpacked.

    Members are read, never written, so that their names lead nowhere.

    Raises:
        ValueError: the predicate of a sentence that has the archive as its subject.
    """
    md5 = hashlib.file_digest(packed, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    size = packed.seek(0, os.SEEK_END)
    packed.seek(0)
    if md5 != archive.md5:
        _check_size(size, archive.size, packed.read(1000))
        raise UserError(f"has other contents: its md5 is {md5}, {archive.md5} is wanted")
    wanted = {f"{FOLDER}/{spec.name}.bin": spec for spec in specs}
    raws = {}
    with tarfile.open(fileobj=packed, mode="r:gz") as members:
        for member in members:
            if (spec := wanted.get(member.name)) is None or not member.isfile():
                continue
            contents = members.extractfile(member)
            raws[spec.name] = contents.read(spec.size + 1) if contents else b""
            try:
                check_file(raws[spec.name], spec)
            except ValueError as error:
                raise UserError(f"holds {member.name}, which {error}") from error
    return raws


def write_files(folder: Path, spec: BatchFile, raw: bytes) -> None:
    """Put a file's verified contents in place in one step; a reader sees all of it or nothing."""
    with atomic_write(folder / f"{spec.name}.bin") as beside:
        beside.write_bytes(raw)


def _tensor(raw: bytes) -> Tensor:
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, RECORD)
