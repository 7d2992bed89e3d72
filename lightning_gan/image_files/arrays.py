"""Read images from arrays in files: .npz, .npy and .pt. Nothing in them is executed."""

import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from lightning_gan.image_files.array_layout import (
    SHAPES,
    Header,
    find_only_image_array,
    move_channels_last,
    to_bytes,
)
from lightning_gan.image_files.names import to_printable
from lightning_gan.image_files.tensors import read_tensor
from lightning_gan.utils.errors import UserError

SUFFIXES = (".npz", ".npy", ".pt")
BLOCK = 1 << 25  # bytes of an array that are converted at a time


def read_arrays(path: Path, num: int | None = None) -> np.ndarray:
    """Read the images of an array file.

    The file holds one array of images: [n, H, W], [n, H, W, C] or [n, C, H, W] with C 1 or 3, of bytes (uint8), of
    bool (True is 255), or of floats in [0, 1] (1 is 255). Arrays with fewer than 3 dimensions beside it, such as
    labels, are ignored. Shape, type and size are checked before memory is asked for.

    Args:
        path: An .npz or .npy file, or a .pt file with a tensor or a dict of tensors.
        num: The number of images to read, from the first one; all if it is None.

    Returns:
        uint8, [n, H, W, C].

    Raises:
        ValueError: if there is no such array, or it takes more than half of the memory.
    """
    kind = path.suffix.lower()
    if kind == ".pt":
        return read_tensor(path, num)
    try:
        return (_from_npz if kind == ".npz" else _from_npy)(path, num)
    except (
        OSError,
        UnicodeDecodeError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise UserError(
            f"{to_printable(path)} is not a whole {kind} file of plain arrays ({' '.join(str(error).split())})."
        ) from error


def _from_npy(path: Path, num: int | None) -> np.ndarray:
    with path.open("rb") as file:
        header = read_header(file, to_printable(path))
        find_only_image_array([header], [header.name], path, num)
        _check_size(header, path.stat().st_size - file.tell())
        return read_rows(file, header, num)


def _from_npz(path: Path, num: int | None) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        headers, members = [], {}
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            name = f"{to_printable(info.filename.removesuffix('.npy'))} in {to_printable(path)}"
            with archive.open(info) as member:
                headers.append(read_header(member, name))
            members[name] = info
        header = find_only_image_array(
            headers, [to_printable(i.filename) for i in archive.infolist()], path, num
        )
        with archive.open(members[header.name]) as member:
            read_header(member, header.name)
            _check_size(header, members[header.name].file_size - member.tell())
            return read_rows(member, header, num)


def read_header(file: IO[bytes], name: str) -> Header:
    """Read the head of an .npy file; the file is then at its first value.

    Raises:
        ValueError: if it is damaged, or holds objects.
    """
    readers: dict[tuple[int, int], Callable[..., Any]] = {
        (1, 0): npy.read_array_header_1_0,
        (2, 0): npy.read_array_header_2_0,
    }
    try:
        shape, by_column, dtype = readers[npy.read_magic(file)](file)
    except (KeyError, ValueError, TypeError, SyntaxError, TokenError) as error:
        raise UserError(f"{name} is not a whole array: its head cannot be read.") from error
    if dtype.hasobject:
        raise UserError(f"{name} holds Python objects, which are not read: give {SHAPES}.")
    return Header(name, tuple(int(n) for n in shape), dtype, by_column)


def _check_size(header: Header, there: int) -> None:
    wanted = math.prod(header.shape) * header.dtype.itemsize
    if there != wanted:
        raise UserError(
            f"{header.name} should hold {wanted:,} bytes ({header.dtype}, {list(header.shape)}) but holds {there:,}: "
            f"it is not whole."
        )


def read_rows(file: IO[bytes], header: Header, num: int | None) -> np.ndarray:
    """Read the first images of an array, block by block: uint8, [n, H, W, C]."""
    n = header.shape[0] if num is None else min(num, header.shape[0])
    a_image = math.prod(header.shape[1:])
    if header.by_column:  # the values of one image lie everywhere in the file
        values = np.frombuffer(
            _exactly(file, header.shape[0] * a_image * header.dtype.itemsize), header.dtype
        )
        return move_channels_last(
            to_bytes(values.reshape(header.shape, order="F")[:n], header.name), header
        )
    image_bytes = np.empty((n, *header.shape[1:]), np.uint8)
    step = max(1, BLOCK // (a_image * header.dtype.itemsize))
    for start in range(0, n, step):
        m = min(step, n - start)
        block = np.frombuffer(_exactly(file, m * a_image * header.dtype.itemsize), header.dtype)
        image_bytes[start : start + m] = to_bytes(block.reshape(m, *header.shape[1:]), header.name)
    return move_channels_last(image_bytes, header)


def _exactly(file: IO[bytes], wanted: int) -> bytes:
    content = file.read(wanted)
    if len(content) != wanted:
        raise EOFError(f"{wanted - len(content):,} bytes are missing at its end")
    return content
