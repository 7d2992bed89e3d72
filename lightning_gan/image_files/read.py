"""Reader for headers, digests and pixels of image files, with a few threads."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lightning_gan.image_files.decode import convert_mode, to_eight_bits
from lightning_gan.image_files.names import FORMATS

READERS = 4  # threads; Pillow releases the GIL while it decodes
FILES = 16  # files per task of a thread
SMALL = 8_000  # bytes; smaller files are read faster without threads (benchmarks/image_files.py)

T = TypeVar("T")


@dataclass(frozen=True)
class ImageHeader:
    """Header of an image file.

    Attributes:
        path: Path of the file.
        size: Width and height; (0, 0) if the file cannot be read.
        mode: Pillow's mode, such as RGB, L (grey) or P (palette).
        problem: Reason why the file cannot be used, in brackets; empty if it can.
        profile: Whether it has an ICC profile, which is not applied.
        frames: Whether it has more than one frame; only the first is used.
    """

    path: Path
    size: tuple[int, int]
    mode: str
    problem: str = ""
    profile: bool = False
    frames: bool = False


@dataclass(frozen=True)
class DecodedImage(Generic[T]):
    """Result of reading an image file.

    Attributes:
        header: Header of the file.
        digest: SHA-256 of the bytes of the file; empty if it could not be opened.
        image: Result of the function applied to the image; None if there is a problem.
    """

    header: ImageHeader
    digest: bytes
    image: T | None


def read_file(path: Path, work: Callable[[Image.Image], T]) -> DecodedImage[T]:
    """Read one file; errors are returned in the header's `problem`.

    Args:
        path: Path of the file.
        work: Function of the 8-bit image, mode L or RGB, whose result becomes `image`.
    """
    header, digest = ImageHeader(path, (0, 0), ""), b""
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").digest()
            if not file.tell():
                return DecodedImage(ImageHeader(path, (0, 0), "", "(it is empty)"), digest, None)
            file.seek(0)
            with _open_image(file) as image:
                header = _read_header(path, image)
                result = work(to_eight_bits(image))
    except Exception as error:  # Pillow raises any type of error for damaged files
        return DecodedImage(
            ImageHeader(path, header.size, header.mode, describe_read_error(error)), digest, None
        )
    return DecodedImage(header, digest, result)


def read_size(path: Path) -> tuple[int, int]:
    """Read width and height from the header of a file, before the EXIF rotation; (0, 0) if that is not possible."""
    with _ignore_pillow_warnings(), suppress(Exception), path.open("rb") as file:
        with _open_image(file) as image:
            return image.size
    return 0, 0


def _open_image(file: BinaryIO) -> Image.Image:
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
    """Crop the largest centred square of an image and scale it with antialiasing.

    Args:
        image: 8-bit image, mode L or RGB.
        size: Side of the returned square in pixels.
        channels: Number of channels: 1 for grey (ITU-R 601 luma), 3 for colour.

    Returns:
        Image, uint8 [channels, size, size].
    """
    image = convert_mode(image, "L" if channels == 1 else "RGB")
    array = np.asarray(ImageOps.fit(image, (size, size), method=Image.Resampling.BICUBIC))
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def describe_read_error(error: Exception) -> str:
    """Return the reason why a file cannot be read as one short line in brackets."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"(it has more than {Image.MAX_IMAGE_PIXELS:,} pixels: make it smaller)"
    if isinstance(error, UnidentifiedImageError):
        return f"(it is not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file, or a kind that Pillow cannot read)"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return f"({' '.join(text.split())[:150]})"


def read_files(
    files: Sequence[Path], work: Callable[[Image.Image], T]
) -> Iterator[DecodedImage[T]]:
    """Yield the results of `read_file` in order, with a few dozen images in memory at a time.

    Threads read batches of files. Small files are read without threads, because their decoding takes less time than
    the synchronization.
    """
    waiting: deque[Future[list[DecodedImage[T]]]] = deque()
    with _ignore_pillow_warnings(), ThreadPoolExecutor(READERS) as pool:
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
    except OSError:  # the file was removed; read_file reports it
        return True


def _read_all(files: Sequence[Path], work: Callable[[Image.Image], T]) -> list[DecodedImage[T]]:
    return [read_file(path, work) for path in files]


@contextmanager
def _ignore_pillow_warnings() -> Iterator[None]:
    """Ignore Pillow's warnings, on which users cannot act; `_open_image` limits the number of pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
