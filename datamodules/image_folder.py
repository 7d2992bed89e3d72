"""The user's own images, from a folder."""

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from datamodules.base import ImageData, Splits, check_value_range
from datamodules.hash_split import LEAST, split_by_hash
from lightning_gan.arguments import Count, Domain, Finite, OpenShare, Seed, Size, check_arguments
from lightning_gan.image_files import (
    FoundImages,
    ImageHeader,
    check_utf8,
    crop_square,
    find_images,
    read_files,
    to_printable,
)
from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import read_memory


class ImageFolder(ImageData):
    """Images of a folder, of any size: cut to squares, held in memory as bytes.

    Sub-folders are classes, labelled in the order of their names; a folder that holds images itself is one class.
    `python -m lightning_gan inspect FOLDER` says what is there, and writes a config to begin with.

    Files are read as docs/pictures.md says, which lists the formats and what becomes of every kind of pixel. Each
    image is cut to the largest square in its middle and scaled to `size` with antialiasing. Files with other
    suffixes and hidden files are ignored. All processes read all files.

    Each image is assigned to a split by the SHA-256 of the bytes of its file, mixed with `split_seed`: uniform in
    [0, 1), it is a test image below `test`, a validation image below `test + validation`, and a training image
    otherwise. Adding, removing or renaming files therefore moves no other image, and copies of a file are always in
    one split. The sizes of the splits are `test`, `validation` and the rest in expectation: of n different files,
    `n * test` are in the test split, with a standard deviation of `sqrt(n * test * (1 - test))` (for 1,000 files and
    0.1: 100 ± 9.5). In a small folder where a split would be empty, it gets the images whose hash is nearest; only
    there can an added file move others. Within a split, images are in the order of their hashes.

    Args:
        root: the folder. The data are called by its name.
        batch_size: examples per batch and device, at least 1.
        size: side of the squares, in pixels, 1 to 2^20.
        channels: number of channels: 3, colours; or 1, grey.
        validation: expected share of the validation split, above 0 and below 1; it has one image at least.
        test: expected share of the test split, above 0 and below 1; it has one image at least.
        enlarge: whether images smaller than `size` are enlarged. They become blurred, and G learns that.
        value_range: of what is given out, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        split_seed: seed of the division into training, validation and test images, 0 to 2^32 - 1.

    Raises:
        ValueError: if channels is neither 1 nor 3, shares leave nothing to train, value_range is empty, or the name of
            the folder is not UTF-8.
    """

    name = "image_folder"
    data_shape = (3, 32, 32)
    value_range = (-1.0, 1.0)

    @check_arguments
    def __init__(
        self,
        root: str,
        batch_size: Count = 100,
        size: Size = 32,
        channels: Annotated[int, Domain(1, 3, whole=True)] = 3,
        validation: OpenShare = 0.1,
        test: OpenShare = 0.1,
        enlarge: bool = False,
        value_range: tuple[Finite, Finite] = (-1.0, 1.0),
        seed: Seed | None = None,
        split_seed: Seed = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if channels not in (1, 3):
            raise UserError(
                f"Images with {channels} channels were asked: give 1 channel (grey) or 3 (colour)."
            )
        if validation + test >= 1:
            raise UserError(
                f"validation is {validation} and test {test}: give shares above 0 that leave some to train."
            )
        check_utf8(root)
        self.root = Path(home_folder.expand_home(root))
        self.name = to_printable(self.root.resolve().name) or self.name
        self.data_shape = (channels, size, size)
        self.value_range = check_value_range(value_range)
        self.validation, self.test, self.enlarge = validation, test, enlarge
        self.split_seed = split_seed
        self.num_classes = 1

    def load(self, *, fetch: bool) -> Splits:
        """Read all images, cut and scaled, in three splits.

        Raises:
            FileNotFoundError: if there is no such folder.
            NotADirectoryError: if root is a file.
            ValueError: if there are fewer than 3 different images, one cannot be read or is too small, or they do
                not fit into memory.
        """
        found = find_images(self.root)
        fits_in_memory(len(found.files), self.data_shape)
        images, looks, digests = self._read(found)
        refuse_images({seen.path: seen.problem for seen in looks if seen.problem}, self.root)
        if not self.enlarge:
            refuse_small(looks, self.data_shape[1])
        refuse_few(digests, self.root)
        self.num_classes = max(1, len(found.classes))
        return self._split_up(torch.from_numpy(images), torch.tensor(found.labels), digests, found)

    def _read(self, found: FoundImages) -> tuple[np.ndarray, list[ImageHeader], list[bytes]]:
        """Return the images, uint8 [n, *data_shape], what the files say of themselves, and their digests."""
        channels, size, _ = self.data_shape
        images = np.empty((len(found.files), *self.data_shape), np.uint8)
        looks, digests = [], []
        for i, read in enumerate(
            read_files(found.files, partial(crop_square, size=size, channels=channels))
        ):
            if read.image is not None:
                images[i] = read.image
            looks.append(read.header)
            digests.append(read.digest)
        return images, looks, digests

    def _split_up(
        self, images: torch.Tensor, labels: torch.Tensor, digests: list[bytes], found: FoundImages
    ) -> Splits:
        places = split_by_hash(digests, self.validation, self.test, self.split_seed)
        kind = "grey" if self.data_shape[0] == 1 else "colour"
        classes = f"{self.num_classes} classes" if found.classes else "no labels"
        counts = ", ".join(f"{len(place):,} {split}" for split, place in places.items())
        self.provenance = (
            f"{self.name}, {self.data_shape[1]}x{self.data_shape[2]} {kind} images, {classes}: {counts}; "
            f"from {self.root}."
        )
        return {split: (images[place], labels[place]) for split, place in places.items()}


def fits_in_memory(n: int, data_shape: tuple[int, int, int]) -> None:
    """Nothing, where images take at most half of the memory: they are held twice while they are divided.

    Raises:
        ValueError: if they take more.
    """
    channels, size, _ = data_shape
    wanted, there = n * channels * size**2, read_memory()
    if there and wanted > there / 2:
        raise UserError(
            f"{n:,} images of {channels} x {size} x {size} bytes take {wanted / 1e9:.1f} GB, more than half of this "
            f"machine's {there / 1e9:.1f} GB: set data.size to {int((there / 2 / n / channels) ** 0.5)} or less, or "
            f"give fewer images."
        )


def refuse_images(problems: dict[Path, str], root: Path) -> None:
    """Nothing, where there are no files that cannot be read.

    Raises:
        ValueError: naming the first of them, and counting the others.
    """
    if problems:
        path, why = next(iter(problems.items()))
        more = f", and {len(problems) - 1:,} more cannot either" if len(problems) > 1 else ""
        raise UserError(
            f"{to_printable(path)} cannot be read as an image {why}{more}: mend it or take it away; "
            f"`python -m lightning_gan inspect {to_printable(shlex.quote(str(root)))}` lists them all."
        )


def refuse_few(digests: list[bytes], root: Path) -> None:
    """Check that there is a different image for each split.

    Raises:
        ValueError: if there are fewer than 3 images, or all but two are copies.
    """
    different = len(set(digests))
    if different < LEAST:
        copies = f", {different} of them different" if different < len(digests) else ""
        raise UserError(
            f"{root} holds {len(digests):,} images{copies}: give {LEAST} different ones or more, to train, validate "
            f"and test."
        )


def refuse_small(looks: list[ImageHeader], size: int) -> None:
    """Nothing, where all images have at least `size` pixels in both directions.

    Raises:
        ValueError: naming the smallest, and counting those that are too small.
    """
    small = [seen for seen in looks if min(seen.size) < size]
    if small:
        least = min(small, key=lambda seen: min(seen.size))
        raise UserError(
            f"{to_printable(least.path)} has {least.size[0]} x {least.size[1]} pixels, the smallest of {len(small):,} "
            f"images below size {size}: set data.size to {min(least.size)} or less, take them away, or set "
            f"data.enlarge to true."
        )
