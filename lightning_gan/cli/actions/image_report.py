"""Report of `inspect`: contents of a folder of images, read as in training."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datamodules.hash_split import MIN_FILES, split_by_hash
from lightning_gan.image_files import (
    FoundImages,
    ImageHeader,
    crop_square,
    is_grey,
    read_files,
    to_printable,
)
from lightning_gan.utils.text_table import format_table

LISTED = 10  # maximum number of unreadable files in the report


@dataclass(frozen=True)
class FolderContents:
    """Contents of a folder of images.

    Attributes:
        found: Files of the folder.
        headers: Header of each file.
        problems: Reason for each file that cannot be read.
        grey: Whether all images are grayscale.
        copies: Number of images that equal an earlier one after cropping and scaling.
        digests: SHA-256 of the readable files.
    """

    found: FoundImages
    headers: tuple[ImageHeader, ...]
    problems: dict[Path, str]
    grey: bool
    copies: int
    digests: tuple[bytes, ...]

    @property
    def readable(self) -> list[ImageHeader]:
        """Headers of the readable files."""
        return [header for header in self.headers if header.path not in self.problems]


def read_contents(found: FoundImages, size: int) -> FolderContents:
    """Read all images of a folder as in training.

    Args:
        found: Files of the folder.
        size: Side of the square images, in pixels.
    """
    headers, problems, digests, pixels = [], {}, [], set()
    grey, copies = True, 0
    for read in read_files(found.files, partial(crop_square, size=size, channels=3)):
        headers.append(read.header)
        if read.image is None:
            problems[read.header.path] = read.header.problem
            continue
        digests.append(read.digest)
        grey = grey and is_grey(read.image.transpose(1, 2, 0))
        digest = hashlib.sha256(read.image.tobytes()).digest()
        copies += digest in pixels
        pixels.add(digest)
    return FolderContents(found, tuple(headers), problems, grey, copies, tuple(digests))


def format_contents(contents: FolderContents, size: int) -> str:
    """Format the report of a folder as lines of text."""
    found, good = contents.found, contents.readable
    counts = Counter(found.labels)
    classes = [(to_printable(name), f"{counts[i]:,}") for i, name in enumerate(found.classes)]
    lines = [
        f"{to_printable(found.root)}: {len(found.files):,} images; ignored: {found.ignored or 'nothing'}"
    ]
    lines += [format_table(classes, ("class", "images")),
    ""] if classes else ["no sub-folders: no labels"]  # fmt: skip
    if good:
        small = sum(min(image.size) < size for image in good)
        lines += [
            f"sizes      {_describe_sizes(good)}; {small:,} below {size} pixels",
            f"modes      {_describe_modes(good)}; {'all grayscale' if contents.grey else 'in colour'}",
            f"copies     {contents.copies:,} equal an earlier image"
            if contents.copies
            else "copies     none",
        ]
    lines += [*_describe_extras(good), f"unreadable {len(contents.problems):,}"]
    named = list(contents.problems.items())
    lines += [f"           {to_printable(path)} {why}" for path, why in named[:LISTED]]
    lines += [f"           and {len(named) - LISTED:,} more"] if len(named) > LISTED else []
    return "\n".join([*lines, *_describe_result(contents, size)])


def _describe_extras(good: Sequence[ImageHeader]) -> list[str]:
    """Describe parts of the files that are ignored."""
    frames, profiles = sum(image.frames for image in good), sum(image.profile for image in good)
    lines = (
        [f"frames     {frames:,} contain more than one frame; the first is used"] if frames else []
    )
    return lines + (
        [f"profiles   {profiles:,} contain an ICC profile, which is not applied"]
        if profiles
        else []
    )


def _describe_result(contents: FolderContents, size: int) -> list[str]:
    """Describe the data that ImageFolder makes of a folder."""
    if len(set(contents.digests)) < MIN_FILES:
        return [f"result     none: at least {MIN_FILES} readable and different images are needed"]
    train, val, test = (len(part) for part in split_by_hash(contents.digests).values())
    kind = "grayscale" if contents.grey else "colour"
    lines = [
        f"result     {kind} images, {size} x {size}: the largest centred square of each image, scaled",
        f"           {train:,} train, {val:,} validation, {test:,} test; split by a hash of each file",
    ]
    if contents.problems:
        lines += [
            "           after the unreadable files are repaired or removed; training refuses them"
        ]
    return lines


def _describe_sizes(good: Sequence[ImageHeader]) -> str:
    """Describe the smallest, the median and the largest image, by area."""
    by_area = sorted((image.size for image in good), key=lambda size: size[0] * size[1])
    ranks = (0, len(by_area) // 2, -1)
    names = ("smallest", "median", "largest")
    named = zip(names, (by_area[rank] for rank in ranks), strict=True)
    return ", ".join(f"{width} x {height} {name}" for name, (width, height) in named)


def _describe_modes(good: Sequence[ImageHeader]) -> str:
    counts = Counter(image.mode for image in good)
    return ", ".join(f"{mode} {n:,}" for mode, n in counts.most_common())
