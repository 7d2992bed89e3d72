"""Reader for images in .pt files, which loads only tensors (weights_only)."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lightning_gan.image_files.array_layout import (
    SHAPES,
    Header,
    find_only_image_array,
    move_channels_last,
    to_bytes,
)
from lightning_gan.image_files.names import to_printable
from lightning_gan.utils.errors import UserError

BLOCK = 1 << 22  # values of a tensor converted at a time


def read_tensor(path: Path, num: int | None = None) -> np.ndarray:
    """Read the images of a .pt file that holds a tensor, or a dict with one tensor of images.

    The file is mapped into memory, so that shape and type are checked before the values are read.

    Args:
        path: A .pt file.
        num: Number of images to read from the start; None for all.

    Returns:
        Images, uint8 [n, H, W, C].

    Raises:
        ValueError: If it holds no such tensor.
    """
    tensors = {
        name: tensor
        for name, tensor in _load(path).items()
        if isinstance(tensor, Tensor) and tensor.layout == torch.strided
    }
    headers = [
        Header(name, tuple(tensor.shape), _get_dtype(tensor)) for name, tensor in tensors.items()
    ]
    header = find_only_image_array(headers, list(tensors), path, num)
    tensor = tensors[header.name][:num]
    image_bytes = np.empty(tuple(tensor.shape), np.uint8)
    step = max(1, BLOCK // math.prod(header.shape[1:]))
    for start in range(0, len(tensor), step):
        block = tensor[start : start + step]
        values = block.float() if block.is_floating_point() else block
        image_bytes[start : start + step] = to_bytes(values.numpy(), header.name)
    return move_channels_last(image_bytes, header)


def _load(path: Path) -> dict[str, Any]:
    """Load the contents of a file by name."""
    if not _is_intact(path):
        raise UserError(
            f"{to_printable(path)} is not an intact .pt file of torch.save: write it again, or give an .npz file."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # torch raises many types of errors for damaged or malicious files
        raise UserError(
            f"{to_printable(path)} holds other objects than tensors, which are not read from a .pt file: save a "
            f"tensor, {SHAPES}, with torch.save."
        ) from error
    if isinstance(content, Tensor):
        return {to_printable(path): content}
    if not isinstance(content, dict):
        raise UserError(
            f"{to_printable(path)} holds a {type(content).__name__}: give a tensor, {SHAPES}, or a dict with one."
        )
    return {
        f"{to_printable(str(key))} in {to_printable(path)}": value for key, value in content.items()
    }


def _is_intact(path: Path) -> bool:
    """Return whether a file is an uncompressed archive with valid checksums, which torch.load does not check."""
    try:
        with zipfile.ZipFile(path) as archive:
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
            return stored and archive.testzip() is None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False


def _get_dtype(tensor: Tensor) -> np.dtype:
    """Return NumPy's type for the values of a tensor; all floats count as float32."""
    if tensor.is_floating_point():
        return np.dtype(np.float32)
    if tensor.dtype in (torch.uint8, torch.bool):
        return np.dtype(np.uint8 if tensor.dtype == torch.uint8 else np.bool_)
    return np.dtype(np.complex64 if tensor.is_complex() else np.int64)
