"""Compare three ways to read a folder of images: one task a file in two passes, a plain loop, and `read_files`.

    python benchmarks/image_files.py [--rounds 5] [--files 1000 4000 16000] [--photos 300]

Prints microseconds a file to obtain colour images of 32 x 32 pixels, from small PNG files (32 x 32, noise) and JPEG
files (512 x 512, smooth noise). "one task a file" reads all headers and then all pixels, each with one future a file,
without a digest. The plain loop does the work of `read_files` with Pillow's calls: digest, orientation, colours, crop.
The row of 200 files compares `evaluate --num_samples` with reading every file of the folder.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps
from rounds import machine, spread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lightning_gan.evaluation.image_sources import read_images
from lightning_gan.image_files import crop_square, read_files

SIZE = 32


def pixels(path: Path) -> np.ndarray:
    """Read the centre square of an image."""
    with Image.open(path) as image:
        turned = ImageOps.exif_transpose(image)
        return np.asarray(ImageOps.fit(turned.convert("RGB"), (SIZE, SIZE)))


def head(path: Path) -> tuple[int, int]:
    """Read width and height."""
    with Image.open(path) as image:
        return image.size


def one_task_a_file(files: Sequence[Path]) -> None:
    """Read in two passes with four threads."""
    for work in (head, pixels):
        with ThreadPoolExecutor(4) as pool:
            for _ in pool.map(work, files):
                pass


def plain_loop(files: Sequence[Path]) -> None:
    """Read in a loop without threads."""
    for path in files:
        sha256(path.read_bytes()).digest()
        pixels(path)


def batches(files: Sequence[Path]) -> None:
    """Read with `read_files`."""
    for _ in read_files(files, partial(crop_square, size=SIZE, channels=3)):
        pass


WAYS = {"one task a file": one_task_a_file, "plain loop": plain_loop, "read_files": batches}


def small(folder: Path, n: int) -> list[Path]:
    """Write PNG files of noise."""
    rng = np.random.default_rng(0)
    paths = [folder / f"{i:06d}.png" for i in range(n)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(path, compress_level=1)
    return paths


def photos(folder: Path, n: int) -> list[Path]:
    """Write JPEG files of smooth noise."""
    rng = np.random.default_rng(0)
    paths = [folder / f"{i:06d}.jpg" for i in range(n)]
    for path in paths:
        noise = Image.fromarray(rng.integers(0, 256, (512, 512, 3), np.uint8))
        noise.filter(ImageFilter.GaussianBlur(4)).save(path, quality=90)
    return paths


def seconds(work: Callable[[], object]) -> float:
    """Return the time of a call, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(name: str, files: Sequence[Path], rounds: int) -> None:
    """Print a row for each method; each round times all of them."""
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, work in WAYS.items():
            times[way].append(1e6 * seconds(partial(work, files)) / len(files))
    for way, values in times.items():
        print(f"{name:<24} {way:<16} {spread(values, '.0f')} us a file", flush=True)


def main() -> None:
    """Print all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 4000, 16000])
    parser.add_argument("--photos", type=int, default=300)
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as top:
        files = small(Path(top), max(asked.files))
        for n in asked.files:
            compare(f"{n:,} of 32 x 32", files[:n], asked.rounds)
        first = [seconds(partial(read_images, top, 200)) for _ in range(asked.rounds)]
        every = [seconds(partial(read_images, top)) for _ in range(asked.rounds)]
        print(f"200 of {len(files):,} files: {spread(first)} s; all of them: {spread(every)} s")
    with tempfile.TemporaryDirectory() as top:
        compare(f"{asked.photos:,} of 512 x 512", photos(Path(top), asked.photos), asked.rounds)


if __name__ == "__main__":
    main()
