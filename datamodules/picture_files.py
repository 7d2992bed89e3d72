"""A person's own picture files: found under a folder, looked at, and read as bytes of one size."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")  # no other of Pillow's readers is tried
DEEP = (
    "I",
    "F",
)  # how modes of more than 8 bits a channel begin: Pillow would clip them, not scale
READERS = 4  # threads; Pillow works beside Python

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """The picture files of a folder.

    Attributes:
        root: the folder.
        classes: names of its sub-folders that hold pictures, sorted; empty if it holds them itself.
        files: in the order of their names, class by class.
        labels: of the files: places in `classes`, or 0.
        others: how many other files are there; they are ignored.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    labels: tuple[int, ...]
    others: int


@dataclass(frozen=True)
class Look:
    """What a file says of itself before its pixels are read.

    Attributes:
        path: of the file.
        size: width and height; 0, 0 if it cannot be read.
        mode: Pillow's name of its colours, such as RGB, L (grey), P (palette).
        problem: why it cannot be used: what follows "cannot be read"; or empty.
    """

    path: Path
    size: tuple[int, int]
    mode: str
    problem: str = ""


def find(root: Path) -> Found:
    """Pictures in a folder, or in its sub-folders at any depth; by their suffix. What is hidden is not looked at.

    Raises:
        FileNotFoundError: if there is no such folder.
        NotADirectoryError: if it is a file.
        ValueError: if it holds no picture, or some in itself and some in sub-folders.
    """
    if not root.exists():
        raise FileNotFoundError(f"There is no folder {root}: give one that holds pictures.")
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is a file: give a folder that holds pictures.")
    inside = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    own = [path for path in inside if path.is_file()]
    below = {path.name: sorted(_walk(path)) for path in inside if path.is_dir()}
    classes = {name: part for name, files in below.items() if (part := [*filter(_named, files)])}
    pictures = [path for path in own if _named(path)]
    if pictures and classes:
        raise ValueError(
            f"{root} holds {len(pictures):,} pictures beside the folders {', '.join(classes)}: put each of them into "
            f"the folder of its class, or all pictures into one folder."
        )
    files = pictures or [path for part in classes.values() for path in part]
    others = len(own) + sum(map(len, below.values())) - len(files)
    if not files:
        raise ValueError(
            f"{root} holds no picture ({', '.join(SUFFIXES)}), only {others:,} other files: give a folder that holds "
            f"some, in itself or in a sub-folder for each class."
        )
    labels = [i for i, part in enumerate(classes.values()) for _ in part] or [0] * len(files)
    return Found(root, tuple(classes), tuple(files), tuple(labels), others)


def _named(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder that are not hidden."""
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where, name) for name in names if not name.startswith("."))


def look(path: Path) -> Look:
    """Read the head of a file."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            size, mode = image.size, image.mode
    except Exception as error:  # readers of Pillow stumble over a bad file in any way
        return Look(path, (0, 0), "", reason(error))
    deep = f"(mode {mode}: more than 8 bits a channel)" if mode.startswith(DEEP) else ""
    return Look(path, size, mode, deep)


def read(path: Path, size: int, channels: int) -> np.ndarray:
    """A picture as bytes, [C, size, size]: the largest square in its middle, scaled with antialiasing.

    It is turned as its camera says. What is transparent lies on white. Of an animation it is the first frame.
    """
    with Image.open(path, formats=FORMATS) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("L" if channels == 1 else "RGB")
        square = ImageOps.fit(image, (size, size), method=Image.Resampling.BICUBIC)
    array = np.asarray(square)
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def tried(path: Path, size: int, channels: int) -> np.ndarray | str:
    """The bytes of a picture, or why it cannot be read."""
    try:
        return read(path, size, channels)
    except Exception as error:  # as above
        return reason(error)


def reason(error: Exception) -> str:
    """One short line, in brackets."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"(more than {Image.MAX_IMAGE_PIXELS:,} pixels: make it smaller)"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return f"({' '.join(text.split())[:100]})"


def each(work: Callable[[Path], T], files: Sequence[Path]) -> Iterator[T]:
    """Results of a look or a reading for each file, in their order."""
    with _bombs_refused(), ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(work, files)


@contextmanager
def _bombs_refused() -> Iterator[None]:
    """Pillow raises where it would only warn; its other warnings say nothing that a person could use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
