"""One frame of a GIF: its 256 colours and its bytes."""

import io

import numpy as np
from PIL import Image, ImageChops
from torch import Tensor

from lightning_gan.utils import images

COLOURS = 256


def encode_frame(frame: Tensor) -> bytes:
    """Encode bytes [C, H, W] as an image of a GIF with a colour table of its own."""
    file = io.BytesIO()
    choose_palette(frame).save(file, "GIF", interlace=0)
    whole = file.getvalue()  # signature, size, flags, colours of the whole file, image, trailer
    size = whole[10] & 7
    table = whole[13 : 13 + 3 * 2 ** (size + 1)]
    image = whole[13 + len(table) : -1]
    return image[:9] + bytes([128 | size]) + table + image[10:]


def choose_palette(frame: Tensor) -> Image.Image:
    """Reduce a frame, bytes [C, H, W], to 256 colours: all its greys exactly, or an octree's colours.

    Each pixel takes the nearest colour, without dithering. Where every pixel stands in a square of four, each square
    is looked at once. The colour that most pixels take is their median, because the octree's mean turns a white
    background grey.
    """
    if bool((frame == frame[:1]).all()):
        return images.to_pil(frame[:1]).convert("P")
    one_image = images.to_pil(frame)
    half = one_image.resize((one_image.width // 2, one_image.height // 2), Image.Resampling.NEAREST)
    doubled = half.resize(one_image.size, Image.Resampling.NEAREST)
    squares = ImageChops.difference(doubled, one_image).getbbox() is None
    seen = half if squares else one_image
    table = seen.quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    found = seen.quantize(palette=table, dither=Image.Dither.NONE)
    _set_most_frequent(found, seen)
    return found.resize(one_image.size, Image.Resampling.NEAREST) if squares else found


def _set_most_frequent(found: Image.Image, one_image: Image.Image) -> None:
    """Let the most frequent entry of a palette be the median of its pixels, of which some are looked at."""
    places = np.asarray(found)[::3, ::3]
    most = int(np.bincount(places.ravel()).argmax())
    colour = np.median(np.asarray(one_image)[::3, ::3][places == most], axis=0)
    colours = found.getpalette()
    colours[3 * most : 3 * most + 3] = [int(value) for value in colour]  # type: ignore[index]
    found.putpalette(colours)  # type: ignore[arg-type]
