"""Images embedded in a page as data URIs: lossless, limited in number and in bytes."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from lightning_gan.reports.html import Markup, make_tag
from lightning_gan.utils.errors import UserError

MAX_IMAGES = 30  # on a slider
MAX_BYTES = 12_000_000  # of the images on a slider, before base64
Item = TypeVar("Item")


def choose_evenly(items: Sequence[Item], most: int) -> list[Item]:
    """Choose at most `most` items at even intervals, the first and the last included.

    Example:
        >>> choose_evenly(range(10), 4)
        [0, 3, 6, 9]
    """
    if len(items) <= most:
        return list(items)
    if most < 2:
        return list(items[-most:]) if most else []
    last = len(items) - 1
    return [items[round(i * last / (most - 1))] for i in range(most)]


class Png(NamedTuple):
    """Encoded image.

    Attributes:
        content: Bytes of the file.
        halved: Whether the image has half the width and height of its file, so that the page draws it unsmoothed.
    """

    content: bytes
    halved: bool


def compress_png(path: Path) -> Png:
    """Read a PNG file; an image of 2x2 squares of equal pixels is reduced to one pixel for each square.

    Raises:
        UserError: The file is not an image.
    """
    try:
        with Image.open(path) as image:
            x = np.array(image.convert("RGB"))
    except OSError as error:
        raise UserError(
            f"{path} is not an image: delete it, and write the page again without it."
        ) from error
    if any(side % 2 for side in x.shape[:2]) or not _is_doubled(x):
        return Png(path.read_bytes(), halved=False)
    x = x[::2, ::2]
    is_grey = bool((x == x[..., :1]).all())
    file = io.BytesIO()
    Image.fromarray(x[..., 0] if is_grey else x).save(file, "PNG")
    return Png(file.getvalue(), halved=True)


def _is_doubled(x: np.ndarray) -> bool:
    """Return whether all 2x2 squares of x, [H, W, 3], consist of equal pixels."""
    corner = x[::2, ::2]
    return all(bool((x[a::2, b::2] == corner).all()) for a, b in ((0, 1), (1, 0), (1, 1)))


def make_image(image: Png, alt: str, kind: str = "png", hidden: bool = False) -> Markup:
    """Make an `img` element that holds its image."""
    source = f"data:image/{kind};base64,{base64.b64encode(image.content).decode()}"
    css_class = "pixelated" if image.halved else None
    return make_tag("img", src=source, alt=alt, hidden=hidden, class_=css_class)


def choose_images(frames: Sequence[tuple[int, Path]]) -> list[tuple[int, Png]]:
    """Choose and read the images of a slider: at even intervals, at most MAX_IMAGES and MAX_BYTES.

    Args:
        frames: (step, file) pairs in order of steps.

    Returns:
        (step, image) pairs in order of steps.
    """
    most = MAX_IMAGES
    while True:
        chosen = [(step, compress_png(path)) for step, path in choose_evenly(frames, most)]
        size = sum(len(image.content) for _, image in chosen)
        if size <= MAX_BYTES or most <= 2:
            return chosen
        most = max(2, min(most - 1, int(most * MAX_BYTES / size)))


def make_slider(frames: Sequence[tuple[int, Path]], alt: str) -> Markup:
    """Make a figure that shows one of several images, with a slider and a button that plays them.

    Args:
        frames: (step, file) pairs in order of steps. The last image is shown first.
        alt: Alternative text of each image, before its step.
    """
    chosen = choose_images(frames)
    last = len(chosen) - 1
    images = [
        make_image(image, f"{alt}, step {step}", hidden=i < last)
        for i, (step, image) in enumerate(chosen)
    ]
    steps = ",".join(str(step) for step, _ in chosen)
    controls = make_tag(
        "div",
        make_tag("button", "Play", type="button", aria_label="play the images"),
        make_tag("input", type="range", min=0, max=last, value=last, step=1, aria_label="step"),
        make_tag("output", f"step {chosen[-1][0]:,}"),
        class_="controls",
    )
    parts = (make_tag("div", images, class_="stage"), controls if last else "")
    return make_tag("figure", *parts, class_="frames", data_steps=steps)
