"""Reader for images in .npz, .npy and .pt files, which does not execute pickles."""

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
BLOCK = 1 << 25  # bytes of an array converted at a time


def read_arrays(path: Path, num: int | None = None) -> np.ndarray:
    """Read the images of an array file.

    The file must hold one array of images, [n, H, W], [n, H, W, C] or [n, C, H, W] with C 1 or 3, of bytes (uint8),
    bool (True becomes 255), or floats in [0, 1] (1 becomes 255). Other arrays with fewer than 3 dimensions, such as
    labels, are ignored. Shape, type and size are checked before memory is allocated.

    Args:
        path: An .npz or .npy file, or a .pt file with a tensor or a dict of tensors.
        num: Number of images to read from the start; None for all.

    Returns:
        Images, uint8 [n, H, W, C].

    Raises:
        ValueError: If there is no such array, or it takes more than half of the memory.
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
            f"{to_printable(path)} is not a complete {kind} file of plain arrays ({' '.join(str(error).split())}): "
            f"write it again."
        ) from error


def _from_npy(path: Path, num: int | None) -> np.ndarray:
    with path.open("rb") as file:
        header = read_header(file, to_printable(path))
        find_only_image_array([header], [header.name], path, num)
        _check_size(header, path.stat().st_size - file.tell())
        return read_array_rows(file, header, num)


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
            return read_array_rows(member, header, num)


def read_header(file: IO[bytes], name: str) -> Header:
    """Read the header of an .npy file; the file is then at its first value.

    Raises:
        ValueError: If it is damaged, or holds Python objects.
    """
    readers: dict[tuple[int, int], Callable[..., Any]] = {
        (1, 0): npy.read_array_header_1_0,
        (2, 0): npy.read_array_header_2_0,
    }
    try:
        shape, by_column, dtype = readers[npy.read_magic(file)](file)
    except (KeyError, ValueError, TypeError, SyntaxError, TokenError) as error:
        raise UserError(f"The header of {name} is damaged: write the file again.") from error
    if dtype.hasobject:
        raise UserError(f"{name} holds Python objects, which are not read: give {SHAPES}.")
    return Header(name, tuple(int(n) for n in shape), dtype, by_column)


def _check_size(header: Header, size: int) -> None:
    expected = math.prod(header.shape) * header.dtype.itemsize
    if size != expected:
        raise UserError(
            f"{header.name} holds {size:,} bytes instead of {expected:,} ({header.dtype}, {list(header.shape)}): write "
            f"the file again."
        )


def read_array_rows(file: IO[bytes], header: Header, num: int | None) -> np.ndarray:
    """Read the first images of an array, block by block: uint8 [n, H, W, C]."""
    n = header.shape[0] if num is None else min(num, header.shape[0])
    image_size = math.prod(header.shape[1:]) * header.dtype.itemsize  # bytes
    if header.by_column:  # the values of an image are not contiguous
        values = np.frombuffer(_read_exactly(file, header.shape[0] * image_size), header.dtype)
        return move_channels_last(
            to_bytes(values.reshape(header.shape, order="F")[:n], header.name), header
        )
    image_bytes = np.empty((n, *header.shape[1:]), np.uint8)
    step = max(1, BLOCK // image_size)
    for start in range(0, n, step):
        m = min(step, n - start)
        block = np.frombuffer(_read_exactly(file, m * image_size), header.dtype)
        image_bytes[start : start + m] = to_bytes(block.reshape(m, *header.shape[1:]), header.name)
    return move_channels_last(image_bytes, header)


def _read_exactly(file: IO[bytes], size: int) -> bytes:
    content = file.read(size)
    if len(content) != size:
        raise EOFError(f"{size - len(content):,} bytes are missing at its end")
    return content
