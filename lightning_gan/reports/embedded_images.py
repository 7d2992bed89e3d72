"""Images inside a page: data URIs, as small as they get without a loss, evenly chosen where there are many."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from lightning_gan.reports.html import Markup, make_tag
from lightning_gan.utils.errors import UserError

MOST = 30  # images on a slider
MOST_BYTES = 12_000_000  # of them, before they are written as text
Thing = TypeVar("Thing")


def choose_evenly(things: Sequence[Thing], most: int) -> list[Thing]:
    """At most so many, from the first to the last in even strides.

    Example:
        >>> evenly(range(10), 4)
        [0, 3, 6, 9]
    """
    if len(things) <= most:
        return list(things)
    if most < 2:
        return list(things[-most:]) if most else []
    last = len(things) - 1
    return [things[round(i * last / (most - 1))] for i in range(most)]


class Png(NamedTuple):
    """An image as its page holds it.

    Attributes:
        content: of the file.
        coarse: whether a pixel stands for four, so that it is to be drawn with sharp edges.
    """

    content: bytes
    coarse: bool


def compress_png(path: Path) -> Png:
    """The file's bytes; or, where each pixel was drawn as a square of four, an image that holds each once.

    Raises:
        ValueError: if it is no image.
    """
    try:
        with Image.open(path) as image:
            x = np.array(image.convert("RGB"))
    except OSError as error:
        raise UserError(
            f"{path} is no image: delete it, and the page is made without it."
        ) from error
    if any(side % 2 for side in x.shape[:2]) or not _is_doubled(x):
        return Png(path.read_bytes(), coarse=False)
    x = x[::2, ::2]
    grey = bool((x == x[..., :1]).all())
    file = io.BytesIO()
    Image.fromarray(x[..., 0] if grey else x).save(file, "PNG")
    return Png(file.getvalue(), coarse=True)


def _is_doubled(x: np.ndarray) -> bool:
    """Whether every pixel stands in a square of four."""
    first = x[::2, ::2]
    return all(bool((x[a::2, b::2] == first).all()) for a, b in ((0, 1), (1, 0), (1, 1)))


def make_image(image: Png, alt: str, kind: str = "png", hidden: bool = False) -> Markup:
    """An <img> that holds its image."""
    source = f"data:image/{kind};base64,{base64.b64encode(image.content).decode()}"
    coarse = "coarse" if image.coarse else None
    return make_tag("img", src=source, alt=alt, hidden=hidden, class_=coarse)


def choose_images(frames: Sequence[tuple[int, Path]]) -> list[tuple[int, Png]]:
    """Of the images of a run (step, file), those on its slider: evenly chosen, bounded in number and in bytes."""
    most = MOST
    while True:
        found = [(step, compress_png(path)) for step, path in choose_evenly(frames, most)]
        size = sum(len(image.content) for _, image in found)
        if size <= MOST_BYTES or most <= 2:
            return found
        most = max(2, min(most - 1, int(most * MOST_BYTES / size)))


def make_slider(frames: Sequence[tuple[int, Path]], alt: str) -> Markup:
    """Images over steps, one at a time, the last one first; with a button that plays them."""
    found = choose_images(frames)
    last = len(found) - 1
    images = [
        make_image(c, f"{alt}, step {step}", hidden=i < last) for i, (step, c) in enumerate(found)
    ]
    steps = ",".join(str(step) for step, _ in found)
    controls = make_tag(
        "div",
        make_tag("button", "Play", type="button", aria_label="play the images"),
        make_tag("input", type="range", min=0, max=last, value=last, step=1, aria_label="step"),
        make_tag("output", f"step {found[-1][0]:,}"),
        class_="controls",
    )
    parts = (make_tag("div", images, class_="stage"), controls if last else "")
    return make_tag("figure", *parts, class_="frames", data_steps=steps)
