"""Files in CIFAR-10's three formats with a few images of noise, and data modules that expect exactly these."""

import hashlib
import io
import tarfile
from pathlib import Path

import torch
from torch import Tensor

from datamodules import CIFAR10
from datamodules.cifar_files import RECORD, Archive, BatchFile

NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def tiny_batches(n: int = 12) -> dict[str, Tensor]:
    """Return the records of six files, uint8, [n, 3073]; pixels are fixed noise, labels repeat 0 to 9."""
    generator = torch.Generator().manual_seed(0)
    batches = {}
    for i, name in enumerate(NAMES):
        batches[name] = torch.randint(256, (n, RECORD), generator=generator).to(torch.uint8)
        batches[name][:, 0] = torch.arange(i * n, (i + 1) * n) % 10
    return batches


def binary(batch: Tensor) -> bytes:
    """Encode a batch in the format of data_batch_1.bin."""
    return batch.numpy().tobytes()


def pickled(batch: Tensor) -> bytes:
    """Encode a batch as Python 2 did in data_batch_1: protocol 2, numpy's old names, bytes as text."""

    def text(value: bytes) -> bytes:
        return b"T" + len(value).to_bytes(4, "little") + value

    n = len(batch)
    labels = b"".join(b"K" + bytes([label]) for label in batch[:, 0].tolist())
    shape = b"M" + n.to_bytes(2, "little") + b"M" + (RECORD - 1).to_bytes(2, "little") + b"\x86"
    kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R"
    kind += b"(K\x03" + text(b"|") + b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b")
    array = empty + b"\x87R(K\x01" + shape + kind + b"\x89" + text(binary(batch[:, 1:])) + b"tb"
    items = text(b"batch_label") + text(b"training batch 1 of 5")
    items += text(b"labels") + b"](" + labels + b"e" + text(b"data") + array
    return b"\x80\x02}(" + items + b"u."


def packed(batches: dict[str, Tensor]) -> bytes:
    """Encode batches as cifar-10-binary.tar.gz: the binary files and a text file in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, raw in {f"{n}.bin": binary(b) for n, b in batches.items()}.items():
            add(archive, f"cifar-10-batches-bin/{name}", raw)
        add(archive, "cifar-10-batches-bin/readme.html", b"<html>")
    return buffer.getvalue()


def add(archive: tarfile.TarFile, name: str, raw: bytes, **attributes: object) -> None:
    """Add a member of any name and type to an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(raw)
    for attribute, value in attributes.items():
        setattr(member, attribute, value)
    archive.addfile(member, io.BytesIO(raw))


def expecting(
    batches: dict[str, Tensor], archive: bytes = b"", url: str = "file:///nowhere.tar.gz"
) -> dict[str, object]:
    """Return the class attributes with which CIFAR10 expects these files and this archive."""
    specs = tuple(
        BatchFile(name, sha1(binary(batch)), md5(pickled(batch)), len(batch))
        for name, batch in batches.items()
    )
    return {"files": specs, "archive": Archive(url, len(archive), md5(archive))}


def make_tiny_cifar(root: Path, kind: type[CIFAR10] = CIFAR10, n: int = 12) -> type[CIFAR10]:
    """Write six binary files under root, and return a data module that expects exactly these.

    Use as `make_tiny_cifar(tmp_path)(str(tmp_path), batch_size=5, validation=10)`.
    """
    batches = tiny_batches(n)
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name, batch in batches.items():
        (folder / f"{name}.bin").write_bytes(binary(batch))
    return type("TinyCIFAR", (kind,), expecting(batches))


def md5(raw: bytes) -> str:
    """Return the hexadecimal MD5."""
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def sha1(raw: bytes) -> str:
    """Return the hexadecimal SHA-1."""
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()
