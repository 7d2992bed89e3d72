"""Conversion of every kind of image file to 8-bit grey or colour; docs/images.md documents the rules."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from lightning_gan.utils.errors import UserError

BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262  # TIFF tags
WHITE_IS_ZERO = 0
GREY = ("1", "L")
SIXTEEN_BITS = ("PPM", "PNG")  # formats whose 16-bit images have Pillow's mode I (PNG before 10.3)
GREY_16 = ("I;16", "I;16B", "I;16L", "I;16N")


def to_eight_bits(opened: Image.Image) -> Image.Image:
    """Convert an opened image to 8-bit grey (mode L) or colour (mode RGB).

    The image is rotated by its EXIF orientation. Grey values of more than 8 bits are scaled, not clipped. Transparent
    pixels are blended with white. The first of several frames is used. ICC profiles are not applied. Grey modes become
    L; all other modes become RGB, even if all pixels are grey.

    Raises:
        ValueError: If the values have no defined range: 32-bit integers, or floats outside [0, 1].
    """
    tags = getattr(opened, "tag_v2", {})
    bits, inverted = tags.get(BITS_PER_SAMPLE), tags.get(PHOTOMETRIC) == WHITE_IS_ZERO
    form = opened.format
    image = _apply_orientation(opened)
    if image.mode in GREY_16:
        values = np.asarray(image).astype(np.uint32)
        return _grey(values, 4095 if bits == (12,) else 65535, inverted, image.info)
    if image.mode == "I" and form in SIXTEEN_BITS:
        return _grey(np.asarray(image).astype(np.uint32), 65535, False, image.info)
    if image.mode == "I":
        raise UserError(
            "32-bit and signed integers have no defined range: save it with 8 or 16 bits"
        )
    if image.mode == "F":
        return _from_floats(np.asarray(image), inverted)
    if image.has_transparency_data:
        return _on_white(image)
    return convert_mode(image, "L" if image.mode in GREY else "RGB")


def _apply_orientation(image: Image.Image) -> Image.Image:
    """Rotate an image by its EXIF orientation; damaged EXIF data are ignored."""
    image.load()
    with suppress(Exception):  # Pillow raises any type of error for damaged EXIF data
        ImageOps.exif_transpose(image, in_place=True)
    return image


def convert_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert an image to a mode, without a copy if it has this mode."""
    return image if image.mode == mode else image.convert(mode)


def _grey(values: np.ndarray, highest: int, inverted: bool, info: Mapping[Any, Any]) -> Image.Image:
    """Scale integers from [0, highest] to bytes and round; a PNG's transparent value becomes white."""
    scaled = ((values * 255 + highest // 2) // highest).astype(np.uint8)
    scaled = 255 - scaled if inverted else scaled
    if isinstance(info.get("transparency"), int):
        scaled = np.where(values == info["transparency"], np.uint8(255), scaled)
    return Image.fromarray(scaled)


def _from_floats(values: np.ndarray, inverted: bool) -> Image.Image:
    """Scale floats from [0, 1] to bytes and round."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # NaN fails too
        raise UserError(
            f"its floats are in [{low:g}, {high:g}]: save it with values in [0, 1], or with 8 bits"
        )
    scaled = np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    return Image.fromarray(255 - scaled if inverted else scaled)


def _on_white(image: Image.Image) -> Image.Image:
    """Blend the transparent pixels of an image with white."""
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    image = (image.convert(straight) if straight else image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def is_grey(image_bytes: np.ndarray) -> bool:
    """Return whether the three values of every pixel of images, [..., 3], are equal."""
    return bool((image_bytes[..., 0] == image_bytes[..., 1]).all()) and bool(
        (image_bytes[..., 0] == image_bytes[..., 2]).all()
    )
