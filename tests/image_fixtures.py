"""Generated image files for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def noise(width: int, height: int, seed: int, mode: str = "RGB") -> Image.Image:
    """Return an image of fixed noise."""
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    array = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(array)


def write(
    folder: Path, n: int, size: tuple[int, int] = (32, 32), mode: str = "RGB", first: int = 0
) -> list[Path]:
    """Write n different PNG files of noise; `first` is the seed of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:03d}.png" for i in range(n)]
    for i, path in enumerate(paths):
        noise(*size, seed=first + i, mode=mode).save(path)
    return paths
