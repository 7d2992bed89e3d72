"""Readers of image files for two domains: pairs side by side, whole folders, held-out files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from datamodules.hash_split import compute_hash_position
from lightning_gan.image_files import read_files, to_printable
from lightning_gan.image_files.decode import convert_mode
from lightning_gan.utils.errors import UserError


def cut_pair(image: Image.Image, size: int, channels: tuple[int, int]) -> np.ndarray:
    """Cut an image into its left and right half and scale both to squares.

    Returns:
        uint8, [sum(channels), size, size]: the channels of A, then those of B.

    Raises:
        UserError: The image is not about twice as wide as high.
    """
    width, height = image.size
    if not 1.8 <= width / height <= 2.2:
        raise UserError(f"{width} x {height} pixels are not two images side by side")
    halves = (
        image.crop((0, 0, width // 2, height)),
        image.crop((width - width // 2, 0, width, height)),
    )
    parts = []
    for half, number in zip(halves, channels, strict=True):
        scaled = ImageOps.fit(
            convert_mode(half, "L" if number == 1 else "RGB"), (size, size), method=Image.Resampling.BICUBIC
        )  # fmt: skip
        array = np.asarray(scaled)
        parts.append(array[None] if number == 1 else array.transpose(2, 0, 1))
    return np.concatenate(parts)


def read_all(
    files: Sequence[Path], work: Callable[[Image.Image], np.ndarray]
) -> tuple[Tensor, list[bytes]]:
    """Read image files that all must be readable: uint8 [n, C, S, S], and the digests of the files.

    Raises:
        UserError: naming the first file that cannot be read, and counting the others.
    """
    images, digests, problems = [], [], []
    for read in read_files(files, work):
        if read.image is None:
            problems.append(f"{to_printable(read.header.path)} {read.header.problem}")
        else:
            images.append(torch.from_numpy(read.image))
            digests.append(read.digest)
    if problems:
        more = f", and {len(problems) - 1:,} others" if len(problems) > 1 else ""
        raise UserError(f"Cannot be read: {problems[0]}{more}. Repair or remove these files.")
    return torch.stack(images), digests


def refuse_different_names(split: str, names: list[str], partners: list[str]) -> None:
    """Refuse two folders whose files do not have the same names, apart from the suffix.

    Raises:
        UserError: naming the first file without a partner.
    """
    stems, others = ([Path(name).stem for name in files] for files in (names, partners))
    if stems != others:
        alone = sorted(set(stems) ^ set(others)) or ["(the same names, in another order)"]
        raise UserError(
            f"{split}A has {len(names)} images and {split}B {len(partners)}, and {alone[0]} has no partner: give each "
            f"image of A an image of B with the same name."
        )


def choose_held_out(digests: list[bytes], share: float, split_seed: int) -> Tensor:
    """Choose the validation images by the hash of each file: bool [n]; at least one of two images or more.

    Raises:
        UserError: There are fewer than 2 different images.
    """
    at = [compute_hash_position(digest, split_seed) for digest in digests]
    if len(set(at)) < 2:
        raise UserError(
            f"{len(at)} training images are too few: give 2 different ones or more for each domain."
        )
    limit = max(share, min(at))
    held = torch.tensor([position <= limit for position in at])
    return held if not held.all() else torch.tensor([position < max(at) for position in at])
