"""Rules that decide which arrays are images and how their values become bytes, for .npz, .npy and .pt files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lightning_gan.image_files.names import to_printable
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import describe_excess

SHAPES = "[n, H, W], [n, H, W, C] or [n, C, H, W] with C 1 or 3"


@dataclass(frozen=True)
class Header:
    """Header of an array in a file.

    Attributes:
        name: Name of the array in messages.
        shape: Shape.
        dtype: Data type.
        by_column: Whether the values are in Fortran order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    by_column: bool = False


def find_only_image_array(
    headers: Sequence[Header], names: Sequence[str], path: Path, num: int | None
) -> Header:
    """Return the only array of a file that can hold images.

    Args:
        headers: Headers of the arrays in the file.
        names: Names of all entries of the file, for the message.
        path: Path of the file.
        num: Number of images to read; None for all.

    Raises:
        ValueError: If not exactly one array can hold images, its shape or type is invalid, or it is too large.
    """
    found = [header for header in headers if len(header.shape) >= 3]
    if len(found) != 1:
        single = [header for header in headers if len(header.shape) == 2]
        if single and not found:
            raise UserError(
                f"{single[0].name} is {list(single[0].shape)}, which lacks the dimension of the number of images: "
                f"give {SHAPES}."
            )
        raise UserError(
            f"{to_printable(path)} holds {', '.join(names[:10]) or 'nothing'}, of which {len(found)} could be "
            f"images: give one array, {SHAPES}."
        )
    (header,) = found
    find_channels(header)
    _check_type(header)
    n = header.shape[0] if num is None else min(num, header.shape[0])
    wanted = n * math.prod(header.shape[1:])
    if header.by_column:
        wanted = math.prod(header.shape) * header.dtype.itemsize
    size = describe_excess(wanted)
    if size:
        raise UserError(
            f"{header.name} is {list(header.shape)}; its images {size}: give fewer or smaller ones."
        )
    return header


def find_channels(header: Header) -> str:
    """Return the position of an array's channels: "none", "last" or "second".

    Raises:
        ValueError: If the shape is not one of images, or is ambiguous.
    """
    shape = header.shape
    if min(shape) < 1:
        raise UserError(
            f"{header.name} is {header.dtype}, {list(shape)}, and holds no image: give {SHAPES}."
        )
    has_channels = shape[-1] in (1, 3) or (shape[-1] == 4 and shape[-2] > 16)
    if len(shape) == 3 and (has_channels or shape[0] in (1, 3)):
        raise UserError(
            f"{header.name} is {list(shape)}, which may be one image with channels or {shape[0]} grey images: give 4 "
            f"dimensions, [n, H, W, C] or [n, C, H, W]."
        )
    if len(shape) == 3:
        return "none"
    last, second = (len(shape) == 4 and shape[axis] in (1, 3) for axis in (-1, 1))
    if last == second:
        which = "channels may be last or second" if last else "channels are neither last nor second"
        raise UserError(f"{header.name} is {list(shape)}, and its {which}: give {SHAPES}.")
    return "last" if last else "second"


def _check_type(header: Header) -> None:
    dtype = header.dtype
    if dtype != np.uint8 and dtype != np.bool_ and dtype.kind != "f":
        raise UserError(
            f"{header.name} is {dtype}, {list(header.shape)}: give images of bytes (uint8, 0 to 255), of floats "
            f"in [0, 1], or of bool."
        )


def to_bytes(values: np.ndarray, name: str) -> np.ndarray:
    """Convert values to bytes: bool values and floats in [0, 1] are multiplied by 255.

    Raises:
        ValueError: If floats are outside [0, 1] or NaN.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise UserError(
            f"{name} holds floats from {low:g} to {high:g}: give floats in [0, 1] (from [-1, 1]: x / 2 + 0.5), or "
            f"bytes."
        )
    return np.rint(values.astype(np.float64) * 255).astype(np.uint8)


def move_channels_last(image_bytes: np.ndarray, header: Header) -> np.ndarray:
    """Move the channels of images to the last dimension, [n, H, W, C]."""
    where = find_channels(header)
    if where == "none":
        return image_bytes[..., None]
    return image_bytes if where == "last" else image_bytes.transpose(0, 2, 3, 1)
