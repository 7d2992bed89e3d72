"""Reader for numeric arrays in MATLAB files of version 5 to 7 that are not trusted.

SciPy also reads these files, but a flipped byte can crash the process (SciPy 1.17: segmentation fault). This module
implements the part of the format ("MAT-File Format", MathWorks) that arrays of real numbers need.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lightning_gan.utils.errors import UserError

HEADER = 128  # bytes before the first variable
COMPRESSED, MATRIX = 15, 14  # types of elements
STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
OTHERS = {1: "a cell array", 2: "a struct", 3: "an object", 4: "text", 5: "a sparse array"}
LARGEST = 2**31  # bytes of an unpacked variable, a limit of the format


class Element(NamedTuple):
    """Element of the file: its type and its bytes."""

    kind: int
    data: bytes | memoryview


def read_matlab_arrays(raw: bytes) -> dict[str, np.ndarray | str]:
    """Read the variables of a file.

    Arrays keep MATLAB's indices: a[i, j, k] here is a(i+1, j+1, k+1) in MATLAB, which stores the first index fastest.

    Returns:
        Variables by name: arrays of numbers, and for other variables their type in words.

    Raises:
        ValueError: If it is not valid; the message is the predicate of a sentence about the file.
    """
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:HEADER], "")
    if not order or not raw.startswith(b"MATLAB 5.0"):
        raise UserError("is not a MATLAB file of version 5 to 7")
    try:
        found = {}
        for element in read_elements(raw[HEADER:], order):
            if element.kind == COMPRESSED:
                element = next(read_elements(unpack_element(element.data), order))
            if element.kind == MATRIX:
                name, value = read_variable(element.data, order)
                found[name] = value
        return found
    except (
        struct.error,
        zlib.error,
        StopIteration,
        KeyError,
        OverflowError,
        UnicodeError,
    ) as error:
        raise UserError(f"is damaged ({type(error).__name__}: {error})") from error


def unpack_element(data: bytes | memoryview) -> bytes:
    """Decompress an element, up to the largest size of a variable."""
    stream = zlib.decompressobj()
    raw = stream.decompress(data, LARGEST)
    if not stream.eof:  # its checksum is at its end
        raise UserError("is damaged: compressed data end too early")
    return raw


def read_elements(data: bytes | memoryview, order: str) -> Iterator[Element]:
    """Yield the elements in a sequence of bytes; each starts with its type and its size."""
    data, position = memoryview(data), 0
    while position < len(data):
        kind, size = struct.unpack_from(order + "II", data, position)
        begin, step = position + 8, 8 + size
        if kind >> 16:  # up to four bytes are in the tag itself
            kind, size, begin, step = kind & 0xFFFF, kind >> 16, position + 4, 8
        if begin + size > len(data):
            raise UserError("is cut off, or damaged: a variable is longer than the file")
        yield Element(kind, data[begin : begin + size])
        position += step if kind == COMPRESSED else -(-step // 8) * 8


def read_variable(data: bytes | memoryview, order: str) -> tuple[str, np.ndarray | str]:
    """Return name and value of a matrix element, which holds flags, dimensions, name and numbers."""
    parts = read_elements(data, order)
    (flags,) = struct.unpack_from(order + "I", next(parts).data)
    sizes = next(parts).data
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    name = bytes(next(parts).data).decode("ascii")
    kind = flags & 0xFF
    if kind in OTHERS:
        return name, OTHERS[kind]
    if flags & 0x800:
        return name, "an array of complex numbers"
    stored = next(parts)
    # integers may be stored with fewer bytes than their class has
    numbers = np.frombuffer(stored.data, order + STORED[stored.kind])
    if min(shape, default=0) < 0 or math.prod(shape) != len(numbers):
        raise UserError(f"is damaged: {name} has {len(numbers)} numbers for the shape {shape}")
    return name, numbers.reshape(shape, order="F").astype(CLASSES[kind], copy=False)
