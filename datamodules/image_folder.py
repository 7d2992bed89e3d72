"""A person's own pictures, from a folder."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from datamodules.base import ImageData, Split, Splits, checked
from datamodules.picture_files import Found, Look, each, find, look, tried
from lightning_gan.domains import Count, Domain, Finite, OpenShare, Seed, Size, check_arguments

LEAST = 3  # pictures: one for each split


class ImageFolder(ImageData):
    """Pictures of a folder, PNG, JPEG, WebP, BMP or GIF, of any size: cut to squares, held in memory as bytes.

    Sub-folders are classes, labelled in the order of their names; a folder that holds pictures itself is one class.
    `python -m lightning_gan inspect FOLDER` says what is there, and writes a config to begin with.

    Each picture is turned as its camera says, put on white where it is transparent, cut to the largest square in its
    middle, and scaled to `size` with antialiasing. Files with other suffixes are ignored. All processes read all
    files.

    Pictures are shuffled once, in an order that depends on `split_seed` and their number alone; the last of them test,
    those before them validate. Copies of a picture may so lie on both sides.

    Args:
        root: the folder. The data are called by its name.
        batch_size: examples per batch and device, at least 1.
        size: side of the squares, in pixels, 1 to 2^20.
        channels: number of channels: 3, colours; or 1, grey.
        validation: share that validates, above 0 and below 1; at least one picture.
        test: share that tests, above 0 and below 1; at least one picture.
        enlarge: whether pictures smaller than `size` are enlarged. They become blurred, and G learns that.
        value_range: of what is given out, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        split_seed: of the division into training, validation and test pictures, 0 to 2^32 - 1.

    Raises:
        ValueError: if channels is neither 1 nor 3, shares leave nothing to train, or value_range is empty.
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
            raise ValueError(
                f"Pictures with {channels} channels were asked: give 1 channel (grey) or 3 (colour)."
            )
        if validation + test >= 1:
            raise ValueError(
                f"validation is {validation} and test {test}: give shares above 0 that leave some to train."
            )
        self.root = Path(root)
        self.name = self.root.resolve().name or self.name
        self.data_shape = (channels, size, size)
        self.value_range = checked(value_range)
        self.validation, self.test, self.enlarge = validation, test, enlarge
        self.split_seed = split_seed
        self.num_classes = 1

    def load(self, *, fetch: bool) -> Splits:
        """All pictures, cut and scaled, in three splits.

        Raises:
            FileNotFoundError: if there is no such folder.
            NotADirectoryError: if root is a file.
            ValueError: if there are fewer than 3 pictures, one cannot be read or is too small, or memory is.
        """
        found = find(self.root)
        if len(found.files) < LEAST:
            raise ValueError(
                f"{self.root} holds {len(found.files)} pictures: give {LEAST} or more, to train, validate and test."
            )
        fits_in_memory(len(found.files), self.data_shape)
        looks = list(each(look, found.files))
        refuse({seen.path: seen.problem for seen in looks if seen.problem}, self.root)
        if not self.enlarge:
            refuse_small(looks, self.data_shape[1])
        images = torch.from_numpy(self._read(found))
        self.num_classes = max(1, len(found.classes))
        return self._split_up(images, torch.tensor(found.labels), found)

    def _read(self, found: Found) -> np.ndarray:
        channels, size, _ = self.data_shape
        images = np.empty((len(found.files), *self.data_shape), np.uint8)
        problems = {}
        bytes_of = partial(tried, size=size, channels=channels)
        for place, (path, picture) in enumerate(
            zip(found.files, each(bytes_of, found.files), strict=True)
        ):
            if isinstance(picture, str):
                problems[path] = picture
            else:
                images[place] = picture
        refuse(problems, self.root)
        return images

    def _split_up(self, images: torch.Tensor, labels: torch.Tensor, found: Found) -> Splits:
        train, val, test = shares(len(images), self.validation, self.test)
        rng = torch.Generator().manual_seed(self.split_seed)
        order = torch.randperm(len(images), generator=rng)
        places: dict[Split, torch.Tensor] = {
            "train": order[:train],
            "val": order[train : train + val],
            "test": order[train + val :],
        }
        kind = "grey" if self.data_shape[0] == 1 else "colour"
        classes = f"{self.num_classes} classes" if found.classes else "no labels"
        self.provenance = (
            f"{self.name}, {self.data_shape[1]}x{self.data_shape[2]} {kind} pictures, {classes}: {train:,} train, "
            f"{val:,} val, {test:,} test; from {self.root}."
        )
        return {split: (images[place], labels[place]) for split, place in places.items()}


def shares(n: int, validation: float = 0.1, test: float = 0.1) -> tuple[int, int, int]:
    """How many of n pictures train, validate and test.

    Raises:
        ValueError: if none is left to train.
    """
    val, held = (max(1, round(n * share)) for share in (validation, test))
    if n - val - held < 1:
        raise ValueError(
            f"validation {validation} and test {test} take all {n} pictures: give smaller shares."
        )
    return n - val - held, val, held


def fits_in_memory(n: int, data_shape: tuple[int, int, int]) -> None:
    """Nothing, where pictures take at most half of the memory: they are held twice while they are divided.

    Raises:
        ValueError: if they take more.
    """
    channels, size, _ = data_shape
    wanted, there = n * channels * size**2, memory()
    if there and wanted > there / 2:
        raise ValueError(
            f"{n:,} pictures of {channels} x {size} x {size} bytes take {wanted / 1e9:.1f} GB, more than half of this "
            f"machine's {there / 1e9:.1f} GB: set data.size to {int((there / 2 / n / channels) ** 0.5)} or less, or "
            f"give fewer pictures."
        )


def memory() -> int:
    """Bytes of this machine; 0 where the system does not say."""
    if hasattr(os, "sysconf") and {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= os.sysconf_names.keys():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def refuse(problems: dict[Path, str], root: Path) -> None:
    """Nothing, where there are no files that cannot be read.

    Raises:
        ValueError: naming the first of them, and counting the others.
    """
    if problems:
        path, why = next(iter(problems.items()))
        more = f", and {len(problems) - 1:,} more cannot either" if len(problems) > 1 else ""
        raise ValueError(
            f"{path} cannot be read as a picture {why}{more}: mend it or take it away; "
            f"`python -m lightning_gan inspect {root}` lists them all."
        )


def refuse_small(looks: list[Look], size: int) -> None:
    """Nothing, where all pictures have at least `size` pixels in both directions.

    Raises:
        ValueError: naming the smallest, and counting those that are too small.
    """
    small = [seen for seen in looks if min(seen.size) < size]
    if small:
        least = min(small, key=lambda seen: min(seen.size))
        raise ValueError(
            f"{least.path} has {least.size[0]} x {least.size[1]} pixels, the smallest of {len(small):,} pictures below "
            f"size {size}: set data.size to {min(least.size)} or less, take them away, or set data.enlarge to true."
        )
