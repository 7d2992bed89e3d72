"""What `inspect` says of a folder of images: they are read as a run reads them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datamodules.hash_split import LEAST, split_by_hash
from lightning_gan.image_files import (
    FoundImages,
    ImageHeader,
    crop_square,
    is_grey,
    read_files,
    to_printable,
)
from lightning_gan.utils.text_table import format_table

LISTED = 10  # unreadable files that are named


@dataclass(frozen=True)
class Seen:
    """What was found in the images of a folder.

    Attributes:
        found: the files.
        looks: what each says of itself.
        problems: of the files that cannot be read, why.
        grey: whether no image has a colour.
        copies: how many images look like one before them, once they are cut and scaled.
        digests: SHA-256 of the files that can be read.
    """

    found: FoundImages
    looks: tuple[ImageHeader, ...]
    problems: dict[Path, str]
    grey: bool
    copies: int
    digests: tuple[bytes, ...]

    @property
    def good(self) -> list[ImageHeader]:
        """Of the files that can be read."""
        return [seen for seen in self.looks if seen.path not in self.problems]


def examined(found: FoundImages, size: int) -> Seen:
    """Read every image as a run would."""
    looks, problems, digests, pixels = [], {}, [], set()
    grey, copies = True, 0
    for read in read_files(found.files, partial(crop_square, size=size, channels=3)):
        looks.append(read.header)
        if read.image is None:
            problems[read.header.path] = read.header.problem
            continue
        digests.append(read.digest)
        grey = grey and is_grey(read.image.transpose(1, 2, 0))
        digest = hashlib.sha256(read.image.tobytes()).digest()
        copies += digest in pixels
        pixels.add(digest)
    return Seen(found, tuple(looks), problems, grey, copies, tuple(digests))


def report(seen: Seen, size: int) -> str:
    """What the user wants to know, in lines of text."""
    found, good = seen.found, seen.good
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
            f"sizes      {_sizes(good)}; {small:,} below {size} pixels",
            f"modes      {_modes(good)}; {'all grey' if seen.grey else 'in colour'}",
            f"copies     {seen.copies:,} look like another one"
            if seen.copies
            else "copies     none",
        ]
    lines += [*_kept_aside(good), f"unreadable {len(seen.problems):,}"]
    named = list(seen.problems.items())
    lines += [f"           {to_printable(path)} {why}" for path, why in named[:LISTED]]
    lines += [f"           and {len(named) - LISTED:,} more"] if len(named) > LISTED else []
    return "\n".join([*lines, *_fate(seen, size)])


def _kept_aside(good: Sequence[ImageHeader]) -> list[str]:
    """What the files hold beside the image that is read."""
    frames, profiles = sum(look.frames for look in good), sum(look.profile for look in good)
    lines = [f"frames     {frames:,} hold several frames; the first is used"] if frames else []
    return lines + (
        [f"profiles   {profiles:,} carry an ICC profile, which is not applied"] if profiles else []
    )


def _fate(seen: Seen, size: int) -> list[str]:
    """What ImageFolder would make of them."""
    if len(set(seen.digests)) < LEAST:
        return [f"become     nothing: {LEAST} readable and different images are wanted"]
    train, val, test = (len(part) for part in split_by_hash(seen.digests).values())
    kind = "grey" if seen.grey else "colour"
    lines = [
        f"become     {kind} squares, {size} x {size}: the largest in the middle of each image, scaled",
        f"           {train:,} train, {val:,} validate, {test:,} test; by a hash of each file",
    ]
    if seen.problems:
        lines += ["           once the unreadable ones are mended or gone: before, no run begins"]
    return lines


def _sizes(good: Sequence[ImageHeader]) -> str:
    """Smallest, median and largest, by their area."""
    by_area = sorted((image.size for image in good), key=lambda size: size[0] * size[1])
    places = (0, len(by_area) // 2, -1)
    names = ("smallest", "median", "largest")
    shown = zip(names, (by_area[place] for place in places), strict=True)
    return ", ".join(f"{width} x {height} {name}" for name, (width, height) in shown)


def _modes(good: Sequence[ImageHeader]) -> str:
    counts = Counter(image.mode for image in good)
    return ", ".join(f"{mode} {n:,}" for mode, n in counts.most_common())
