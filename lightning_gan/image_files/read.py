"""Read image files: their heads, their digests and their pixels, several files at a time."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lightning_gan.image_files.decode import convert_mode, to_eight_bits
from lightning_gan.image_files.names import FORMATS

READERS = 4  # threads; Pillow decodes outside of Python's lock
FILES = 16  # files a thread reads before it asks for more work
SMALL = 8_000  # bytes of a file: smaller ones are read faster without threads (benchmarks/image_files.py)

T = TypeVar("T")


@dataclass(frozen=True)
class ImageHeader:
    """What a file says of itself before its pixels are read.

    Attributes:
        path: The file.
        size: Width and height; (0, 0) if it cannot be read.
        mode: Pillow's name of its kind of values, such as RGB, L (grey), P (palette).
        problem: The reason why it cannot be used, in brackets; empty if it can.
        profile: Whether it carries an ICC profile, which is not applied.
        frames: Whether it has several frames, of which the first is used.
    """

    path: Path
    size: tuple[int, int]
    mode: str
    problem: str = ""
    profile: bool = False
    frames: bool = False


@dataclass(frozen=True)
class DecodedImage(Generic[T]):
    """A file that was read.

    Attributes:
        header: What it says of itself.
        digest: SHA-256 of the bytes of the file; empty if it could not be opened.
        image: What was made of its pixels; None if there is a problem.
    """

    header: ImageHeader
    digest: bytes
    image: T | None


def read_file(path: Path, work: Callable[[Image.Image], T]) -> DecodedImage[T]:
    """Read one file.

    Args:
        path: The file.
        work: Called with the 8-bit image, mode L or RGB; what it returns becomes `image`.
    """
    header, digest = ImageHeader(path, (0, 0), ""), b""
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").digest()
            if not file.tell():
                return DecodedImage(ImageHeader(path, (0, 0), "", "(it is empty)"), digest, None)
            file.seek(0)
            with _opened(file) as image:
                header = _read_header(path, image)
                one_image = work(to_eight_bits(image))
    except Exception as error:  # Pillow's readers raise errors of any type for a damaged file
        return DecodedImage(
            ImageHeader(path, header.size, header.mode, describe_read_error(error)), digest, None
        )
    return DecodedImage(header, digest, one_image)


def _opened(file: BinaryIO) -> Image.Image:
    image = Image.open(file, formats=FORMATS)
    limit = Image.MAX_IMAGE_PIXELS
    if limit and image.width * image.height > limit:
        raise Image.DecompressionBombError
    return image


def _read_header(path: Path, image: Image.Image) -> ImageHeader:
    frames = bool(getattr(image, "is_animated", False))
    return ImageHeader(
        path, image.size, image.mode, "", bool(image.info.get("icc_profile")), frames
    )


def crop_square(image: Image.Image, size: int, channels: int) -> np.ndarray:
    """Cut the largest square out of the middle of an image and scale it with antialiasing.

    Args:
        image: Image of 8 bits, mode L or RGB.
        size: Side of the square that is returned, in pixels.
        channels: 1, grey (ITU-R 601 luma); or 3, colour.

    Returns:
        uint8, [channels, size, size].
    """
    image = convert_mode(image, "L" if channels == 1 else "RGB")
    array = np.asarray(ImageOps.fit(image, (size, size), method=Image.Resampling.BICUBIC))
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def describe_read_error(error: Exception) -> str:
    """Return why a file cannot be read: one short line, in brackets."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"(more than {Image.MAX_IMAGE_PIXELS:,} pixels: make it smaller)"
    if isinstance(error, UnidentifiedImageError):
        return f"(it is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file, or of a kind that Pillow cannot read)"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return f"({' '.join(text.split())[:150]})"


def read_files(
    files: Sequence[Path], work: Callable[[Image.Image], T]
) -> Iterator[DecodedImage[T]]:
    """Yield each file as `read_file` returns it, in order; memory holds a few dozen images at a time.

    Threads read batches of files. Small files are read without them: their decoding takes less time than the exchange
    between threads.
    """
    waiting: deque[Future[list[DecodedImage[T]]]] = deque()
    with _pillow_is_quiet(), ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(files), FILES):
            batch = files[start : start + FILES]
            if _are_small(batch):
                while waiting:
                    yield from waiting.popleft().result()
                yield from (read_file(path, work) for path in batch)
                continue
            waiting.append(pool.submit(_read_all, batch, work))
            if len(waiting) > READERS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _are_small(files: Sequence[Path]) -> bool:
    try:
        return sum(path.stat().st_size for path in files) < SMALL * len(files)
    except OSError:  # gone since it was found: its reading says so
        return True


def _read_all(files: Sequence[Path], work: Callable[[Image.Image], T]) -> list[DecodedImage[T]]:
    return [read_file(path, work) for path in files]


@contextmanager
def _pillow_is_quiet() -> Iterator[None]:
    """Hide Pillow's warnings: they say nothing a user could act on, and too many pixels are refused here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
