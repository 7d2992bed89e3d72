"""One frame of a GIF: its 256 colours and its bytes."""

import io

import numpy as np
from PIL import Image, ImageChops
from torch import Tensor

from lightning_gan import images

COLOURS = 256


def encoded(frame: Tensor) -> bytes:
    """Encode bytes [C, H, W] as an image of a GIF with a colour table of its own."""
    file = io.BytesIO()
    palette(frame).save(file, "GIF", interlace=0)
    whole = file.getvalue()  # signature, size, flags, colours of the whole file, image, trailer
    size = whole[10] & 7
    table = whole[13 : 13 + 3 * 2 ** (size + 1)]
    image = whole[13 + len(table) : -1]
    return image[:9] + bytes([128 | size]) + table + image[10:]


def palette(frame: Tensor) -> Image.Image:
    """Reduce a frame, bytes [C, H, W], to 256 colours: all its greys exactly, or an octree's colours.

    Each pixel takes the nearest colour, without dithering. Where every pixel stands in a square of four, each square
    is looked at once. The colour that most pixels take is their median, because the octree's mean turns a white
    background grey.
    """
    if bool((frame == frame[:1]).all()):
        return images.to_pil(frame[:1]).convert("P")
    picture = images.to_pil(frame)
    half = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.NEAREST)
    doubled = half.resize(picture.size, Image.Resampling.NEAREST)
    squares = ImageChops.difference(doubled, picture).getbbox() is None
    seen = half if squares else picture
    table = seen.quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    found = seen.quantize(palette=table, dither=Image.Dither.NONE)
    _set_most_frequent(found, seen)
    return found.resize(picture.size, Image.Resampling.NEAREST) if squares else found


def _set_most_frequent(found: Image.Image, picture: Image.Image) -> None:
    """Let the most frequent entry of a palette be the median of its pixels, of which some are looked at."""
    places = np.asarray(found)[::3, ::3]
    most = int(np.bincount(places.ravel()).argmax())
    colour = np.median(np.asarray(picture)[::3, ::3][places == most], axis=0)
    colours = found.getpalette()
    colours[3 * most : 3 * most + 3] = [int(value) for value in colour]  # type: ignore[index]
    found.putpalette(colours)  # type: ignore[arg-type]
