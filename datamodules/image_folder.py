"""Data set of the user's own images in a folder."""

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from datamodules.base import ImageData, Splits, check_value_range
from datamodules.hash_split import MIN_FILES, split_by_hash
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
    """Images of any size from a folder, cropped to squares and held in memory as bytes.

    Sub-folders are classes, labelled in the order of their names; a folder that holds images itself is one class.
    The command `python -m lightning_gan inspect FOLDER` describes a folder and writes a config for it.

    docs/images.md lists the file formats and the conversion of each kind of pixel. The largest centred square of
    each image is scaled to `size` with antialiasing. Files with other suffixes and hidden files are ignored. All
    processes read all files.

    The SHA-256 of a file's bytes, mixed with `split_seed`, is turned into a number, uniform in [0, 1). Images below
    `test` are test images, images below `test + validation` are validation images, and the rest train. Adding,
    removing or renaming files therefore moves no other image, and copies of a file are always in one split. The sizes
    of the splits vary: of n different files, `n * test` are expected in the test split, with a standard deviation of
    `sqrt(n * test * (1 - test))` (for 1,000 files and 0.1: 100 ± 9.5). A split that would be empty gets the image with
    the nearest position; only in such a small folder can an added file move other images. Within a split, images are
    ordered by position.

    Args:
        root: Folder of the images; its name is the name of the data set.
        batch_size: Images per batch and device, at least 1.
        size: Side of the squares in pixels, 1 to 2^20.
        channels: Number of channels: 3 for colour, 1 for grey.
        validation: Expected share of the validation split, above 0 and below 1; it has at least one image.
        test: Expected share of the test split, above 0 and below 1; it has at least one image.
        enlarge: Whether to enlarge images smaller than `size`. They become blurred, and G learns the blur.
        value_range: Range of the returned values, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        split_seed: Random seed for the division into splits, 0 to 2^32 - 1.

    Raises:
        ValueError: If `channels` is neither 1 nor 3, the shares leave no training images, `value_range` is empty, or
            the name of the folder is not UTF-8.
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
            raise UserError(f"channels is {channels}: give 1 (grey) or 3 (colour).")
        if validation + test >= 1:
            raise UserError(
                f"validation is {validation} and test {test}: give shares above 0 with a sum below 1."
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
        """Read, crop and scale all images, and divide them into splits.

        Raises:
            FileNotFoundError: If the folder does not exist.
            NotADirectoryError: If `root` is a file.
            ValueError: If there are fewer than 3 different images, an image cannot be read or is too small, or the
                images do not fit into memory.
        """
        found = find_images(self.root)
        check_folder_memory(len(found.files), self.data_shape)
        images, headers, digests = self._read(found)
        check_problems({h.path: h.problem for h in headers if h.problem}, self.root)
        if not self.enlarge:
            check_image_sizes(headers, self.data_shape[1])
        check_different_images(digests, self.root)
        self.num_classes = max(1, len(found.classes))
        return self._split_up(torch.from_numpy(images), torch.tensor(found.labels), digests, found)

    def _read(self, found: FoundImages) -> tuple[np.ndarray, list[ImageHeader], list[bytes]]:
        """Return the images, uint8 [n, *data_shape], and the headers and digests of their files."""
        channels, size, _ = self.data_shape
        images = np.empty((len(found.files), *self.data_shape), np.uint8)
        headers, digests = [], []
        for i, read in enumerate(
            read_files(found.files, partial(crop_square, size=size, channels=channels))
        ):
            if read.image is not None:
                images[i] = read.image
            headers.append(read.header)
            digests.append(read.digest)
        return images, headers, digests

    def _split_up(
        self, images: torch.Tensor, labels: torch.Tensor, digests: list[bytes], found: FoundImages
    ) -> Splits:
        indices = split_by_hash(digests, self.validation, self.test, self.split_seed)
        kind = "grey" if self.data_shape[0] == 1 else "colour"
        classes = f"{self.num_classes} classes" if found.classes else "no labels"
        counts = ", ".join(f"{len(i):,} {split}" for split, i in indices.items())
        self.provenance = (
            f"{self.name}, {self.data_shape[1]}x{self.data_shape[2]} {kind} images, {classes}: {counts}; "
            f"from {self.root}."
        )
        return {split: (images[i], labels[i]) for split, i in indices.items()}


def check_folder_memory(n: int, data_shape: tuple[int, int, int]) -> None:
    """Check that n images take at most half of the memory, because they are copied once for the splits.

    Raises:
        ValueError: If they take more.
    """
    channels, size, _ = data_shape
    needed, memory = n * channels * size**2, read_memory()
    if memory and needed > memory / 2:
        raise UserError(
            f"{n:,} images of {channels} x {size} x {size} bytes take {needed / 1e9:.1f} GB, more than half of this "
            f"machine's {memory / 1e9:.1f} GB: set data.size to {int((memory / 2 / n / channels) ** 0.5)} or less, or "
            f"give fewer images."
        )


def check_problems(problems: dict[Path, str], root: Path) -> None:
    """Check that no file has a problem.

    Args:
        problems: Reason for each file that cannot be read.
        root: Folder of the images.

    Raises:
        ValueError: If there is one; the message names the first file and the number of others.
    """
    if problems:
        path, why = next(iter(problems.items()))
        more = f"; {len(problems) - 1:,} more cannot be read either" if len(problems) > 1 else ""
        raise UserError(
            f"{to_printable(path)} cannot be read as an image {why}{more}: repair or remove it; "
            f"`python -m lightning_gan inspect {to_printable(shlex.quote(str(root)))}` lists all of them."
        )


def check_different_images(digests: list[bytes], root: Path) -> None:
    """Check that there is a different image for each split.

    Raises:
        ValueError: If there are fewer than 3 different images.
    """
    different = len(set(digests))
    if different < MIN_FILES:
        copies = f", {different} of them different" if different < len(digests) else ""
        raise UserError(
            f"{root} holds {len(digests):,} images{copies}: give {MIN_FILES} different images or more, one "
            f"for each split."
        )


def check_image_sizes(headers: list[ImageHeader], size: int) -> None:
    """Check that all images have at least `size` pixels in both directions.

    Raises:
        ValueError: If some are smaller; the message names the smallest and the number of small images.
    """
    small = [header for header in headers if min(header.size) < size]
    if small:
        least = min(small, key=lambda header: min(header.size))
        raise UserError(
            f"{to_printable(least.path)} has {least.size[0]} x {least.size[1]} pixels, the smallest of {len(small):,} "
            f"images below size {size}: set data.size to {min(least.size)} or less, remove them, or set data.enlarge "
            f"to true."
        )
