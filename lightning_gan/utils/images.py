"""The only place that maps a data set's value range to [0, 1] and to the bytes of an image."""

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
    """Map values from [low, high] to [0, 1]; shape unchanged.

    Raises:
        ValueError: if the range is empty or infinite.
    """
    low, high = value_range
    if not (low < high and isfinite(low) and isfinite(high)):
        raise UserError(
            f"A value range from {low} to {high} is empty or has no end: give finite (low, high) with low < high."
        )
    return x if (low, high) == (0, 1) else (x - low) / (high - low)


def to_uint8(x: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Map values from [low, high] to bytes 0..255, rounding; what lies outside is clipped.

    Raises:
        ValueError: if x holds NaN, which no image can show.
    """
    if x.isnan().any():
        raise UserError("An image was asked of values that are NaN: the generator has diverged.")
    return (to_unit(x.float(), value_range).clamp(0, 1) * 255).round().to(torch.uint8)


def make_image_grid(images: Tensor, columns: int, gap: int = 2, scale: int = 1) -> Tensor:
    """Lay bytes [n, C, H, W] out in rows: one image, bytes [3, H', W'], each pixel `scale` pixels wide and high."""
    one_image = make_grid(images.cpu(), nrow=columns, padding=gap, pad_value=128)
    return one_image.repeat_interleave(scale, 1).repeat_interleave(scale, 2)


def to_pil(image: Tensor) -> Image.Image:
    """Bytes [3, H, W] or [1, H, W] as an image."""
    planes = [Image.fromarray(plane) for plane in image.cpu().numpy()]
    return planes[0] if len(planes) == 1 else Image.merge("RGB", planes)


def save_image(image: Tensor, path: Path) -> Path:
    """Write bytes [C, H, W] as a PNG, all of it or nothing; folders are made."""
    with atomic_write(path, durable=False) as beside:
        to_pil(image).save(beside, format="PNG")
    return path


def load_image(path: Path) -> Tensor:
    """Read an image that `save_image` wrote, bytes [3, H, W].

    Raises:
        OSError: if it cannot be read.
    """
    with Image.open(path) as one_image:
        return torch.from_numpy(np.array(one_image.convert("RGB"))).permute(2, 0, 1)


def png_path(out: str) -> Path:
    """Return the path of an image file.

    Raises:
        UserError: The name does not end in .png.
    """
    if Path(out).suffix.lower() != ".png":
        raise UserError(f"out is {out}, but images are PNG files: give a name that ends in .png.")
    return Path(out)
