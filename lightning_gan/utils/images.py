"""Conversion of tensors to bytes and PNG files, and back."""

from math import isfinite
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


def to_unit(x: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Map values from [low, high] to [0, 1].

    Args:
        x: Values of any shape.
        value_range: Bounds low and high.

    Returns:
        Tensor of the same shape.

    Raises:
        UserError: The range is empty or infinite.
    """
    low, high = value_range
    if not (low < high and isfinite(low) and isfinite(high)):
        raise UserError(
            f"A value range from {low} to {high} is empty or infinite: give finite (low, high) with low < high."
        )
    return x if (low, high) == (0, 1) else (x - low) / (high - low)


def to_uint8(x: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Map values from [low, high] to bytes 0 to 255, with rounding and clipping.

    Args:
        x: Values of any shape.
        value_range: Bounds low and high.

    Returns:
        Tensor of the same shape and dtype uint8.

    Raises:
        UserError: x contains NaN.
    """
    if x.isnan().any():
        raise UserError(
            "Images contain NaN, because the generator has diverged: use an earlier checkpoint."
        )
    return (to_unit(x.float(), value_range).clamp(0, 1) * 255).round().to(torch.uint8)


def make_image_grid(images: Tensor, columns: int, gap: int = 2, scale: int = 1) -> Tensor:
    """Arrange images in a grid.

    Args:
        images: Bytes of shape [n, C, H, W].
        columns: Number of columns.
        gap: Distance between images, in pixels.
        scale: Factor by which the grid is enlarged.

    Returns:
        Bytes of shape [3, H', W'].
    """
    one_image = make_grid(images.cpu(), nrow=columns, padding=gap, pad_value=128)
    return one_image.repeat_interleave(scale, 1).repeat_interleave(scale, 2)


def to_pil(image: Tensor) -> Image.Image:
    """Convert bytes of shape [3, H, W] or [1, H, W] to a PIL image."""
    planes = [Image.fromarray(plane) for plane in image.cpu().numpy()]
    return planes[0] if len(planes) == 1 else Image.merge("RGB", planes)


def save_image(image: Tensor, path: Path) -> Path:
    """Write bytes of shape [C, H, W] as a PNG file, atomically; folders are created."""
    with atomic_write(path, durable=False) as partial:
        to_pil(image).save(partial, format="PNG")
    return path


def load_image(path: Path) -> Tensor:
    """Read an image file.

    Returns:
        Bytes of shape [3, H, W].

    Raises:
        OSError: The file cannot be read.
    """
    with Image.open(path) as one_image:
        return torch.from_numpy(np.array(one_image.convert("RGB"))).permute(2, 0, 1)


def check_png_path(out: str) -> Path:
    """Check the name of a PNG file.

    Returns:
        Path of the file.

    Raises:
        UserError: The name does not end in .png.
    """
    if Path(out).suffix.lower() != ".png":
        raise UserError(f"out is {out}, but images are PNG files: give a name that ends in .png.")
    return Path(out)
