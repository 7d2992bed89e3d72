"""Encode a frame of a GIF with its own palette of 256 colours."""

import io

import numpy as np
from PIL import Image, ImageChops
from torch import Tensor

from lightning_gan.utils import images

COLOURS = 256


def encode_frame(frame: Tensor) -> bytes:
    """Encode bytes [C, H, W] as a GIF image with its own colour table."""
    file = io.BytesIO()
    choose_palette(frame).save(file, "GIF", interlace=0)
    whole = file.getvalue()  # signature, size, flags, global colour table, image, trailer
    size = whole[10] & 7
    table = whole[13 : 13 + 3 * 2 ** (size + 1)]
    image = whole[13 + len(table) : -1]
    return image[:9] + bytes([128 | size]) + table + image[10:]


def choose_palette(frame: Tensor) -> Image.Image:
    """Reduce a frame, bytes [C, H, W], to 256 colours: exact for greyscale frames, else by an octree.

    Each pixel takes the nearest colour, without dithering. If the frame consists of squares of 2 x 2 equal pixels, each
    square is processed once. The most frequent colour becomes the median of its pixels, because the octree's mean turns
    a white background grey.
    """
    if bool((frame == frame[:1]).all()):
        return images.to_pil(frame[:1]).convert("P")
    one_image = images.to_pil(frame)
    half = one_image.resize((one_image.width // 2, one_image.height // 2), Image.Resampling.NEAREST)
    doubled = half.resize(one_image.size, Image.Resampling.NEAREST)
    squares = ImageChops.difference(doubled, one_image).getbbox() is None
    source = half if squares else one_image
    table = source.quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    found = source.quantize(palette=table, dither=Image.Dither.NONE)
    _set_most_frequent(found, source)
    return found.resize(one_image.size, Image.Resampling.NEAREST) if squares else found


def _set_most_frequent(found: Image.Image, one_image: Image.Image) -> None:
    """Set the most frequent entry of a palette to the median of its pixels, from every third row and column."""
    indices = np.asarray(found)[::3, ::3]
    most = int(np.bincount(indices.ravel()).argmax())
    colour = np.median(np.asarray(one_image)[::3, ::3][indices == most], axis=0)
    colours = found.getpalette()
    colours[3 * most : 3 * most + 3] = [int(value) for value in colour]  # type: ignore[index]
    found.putpalette(colours)  # type: ignore[arg-type]
