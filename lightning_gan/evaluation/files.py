"""Pictures to score from files: a folder of images, or an array in an .npz, .npy or .pt file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lightning_gan.errors import UserError
from lightning_gan.limits import describe_excess
from lightning_gan.picture_files import (
    Found,
    Read,
    find,
    is_grey,
    printable,
    read_arrays,
    read_files,
)
from lightning_gan.picture_files import arrays as array_files
from lightning_gan.picture_files.manifest import NAME, Manifest, changed, others, read_manifest
from lightning_gan.picture_files.names import LOSSY


@dataclass(frozen=True)
class FilePictures:
    """Pictures that were read from files.

    Attributes:
        pictures: uint8, [n, C, H, W]; C is 1 if no pixel of any picture has a colour, else 3.
        notes: Sentences about the files: which were passed over, and why.
        lossy: Whether some of them are JPEG files, whose artefacts change every score.
    """

    pictures: Tensor
    notes: tuple[str, ...] = ()
    lossy: bool = False


def read_pictures(path: str | Path, num: int | None = None) -> FilePictures:
    """Read pictures of one size from a folder or from an array file; docs/pictures.md says what their values mean.

    If the folder holds the samples.json that `sample` writes, the files that it lists are read, and no others.

    Args:
        path: A folder as `find` takes it, or an .npz, .npy or .pt file as `read_arrays` takes it.
        num: The number of pictures to read: the first files by name, in turn from each class of a folder of classes;
            all if it is None. No other file is opened.

    Raises:
        FileNotFoundError: if there is nothing at path.
        ValueError: if what is there cannot be read as pictures of one size, or does not fit into memory.
    """
    path = Path(path)
    if path.is_dir():
        return _from_folder(path, num)
    if path.is_file() and path.suffix.lower() in array_files.SUFFIXES:
        array = read_arrays(path, num)
        return FilePictures(_channels_first(array[..., :1] if _all_grey(array) else array))
    kinds = ", ".join(array_files.SUFFIXES)
    if path.exists():
        raise UserError(
            f"{printable(path)} is neither a folder of pictures nor a file of arrays ({kinds}): give one of these."
        )
    raise FileNotFoundError(2, f"No such folder or file of arrays ({kinds})", printable(path))


def _all_grey(array: np.ndarray) -> bool:
    return array.shape[-1] == 3 and is_grey(array)


def _channels_first(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))


def _from_folder(folder: Path, num: int | None) -> FilePictures:
    manifest = read_manifest(folder)
    if manifest is None:
        found = find(folder)
        files, notes = in_turn(found)[:num], _notes(found)
    else:
        files = [folder / name for name in manifest.files][:num]
        notes = _notes_of_samples(folder, manifest)
    lossy = any(file.suffix.lower() in LOSSY for file in files)
    reads = _Stack(files, manifest)
    for read in read_files(files, as_array):
        reads.add(read)
    if reads.profiles:
        notes.append(f"{reads.profiles:,} carry an ICC profile, which is not applied")
    return FilePictures(_channels_first(reads.array), tuple(notes), lossy)


def in_turn(found: Found) -> list[Path]:
    """Order the files of a folder by their names, in turn from each class: the first n are of all classes alike."""
    rank: dict[int, int] = {}
    places = []
    for path, label in zip(found.files, found.labels, strict=True):
        rank[label] = rank.get(label, -1) + 1
        places.append((rank[label], label, path))
    return [path for _, _, path in sorted(places)]


def as_array(image: Image.Image) -> np.ndarray:
    """Return the bytes of a picture: [H, W, 1] if no pixel has a colour, else [H, W, 3]."""
    array = np.asarray(image)
    if array.ndim == 2:
        return array[..., None]
    return array[..., :1] if is_grey(array) else array


class _Stack:
    """Pictures of one size in one array, which gets three channels at the first picture in colour.

    Args:
        files: The files that will be added, in order.
        manifest: The digests that they must have; None if no manifest lists them.
    """

    array: np.ndarray

    def __init__(self, files: Sequence[Path], manifest: Manifest | None) -> None:
        self.files, self.manifest = files, manifest
        self.n = self.profiles = 0

    def add(self, read: Read[np.ndarray]) -> None:
        """Add the next file.

        Raises:
            ValueError: if it cannot be read, or its size is not that of the first one.
        """
        path, picture = read.look.path, read.picture
        if picture is None:
            raise UserError(
                f"{printable(path)} cannot be read as a picture {read.look.problem}: mend it or take it away."
            )
        if self.manifest is not None and read.digest.hex() != self.manifest.files[path.name]:
            raise changed(path)
        if not self.n:
            self._make(picture)
        if picture.shape[:2] != self.array.shape[1:3]:
            raise UserError(
                f"{printable(path)} is {list(picture.shape[:2])} but {printable(self.files[0].name)} is "
                f"{list(self.array.shape[1:3])} (height, width): give pictures of one size."
            )
        if picture.shape[2] > self.array.shape[3]:
            self.array = np.repeat(self.array, 3, axis=3)
        self.array[self.n] = picture
        self.n += 1
        self.profiles += read.look.profile

    def _make(self, first: np.ndarray) -> None:
        """Ask for memory for all pictures."""
        size = describe_excess(len(self.files) * 3 * first.shape[0] * first.shape[1])
        if size:
            raise UserError(
                f"{len(self.files):,} pictures of {first.shape[0]} x {first.shape[1]} pixels {size}: give fewer or "
                f"smaller ones."
            )
        self.array = np.empty((len(self.files), *first.shape), np.uint8)


def _notes(found: Found) -> list[str]:
    classes = f" in {len(found.classes):,} folders of classes" if found.classes else ""
    if not (found.passed_over or classes):
        return []
    passed = f"; passed over: {found.passed_over}" if found.passed_over else ""
    return [f"{len(found.files):,} pictures{classes}{passed}"]


def _notes_of_samples(folder: Path, manifest: Manifest) -> list[str]:
    more = others(folder, manifest.files)
    passed = f"; {more:,} other pictures in the folder are passed over" if more else ""
    return [
        f"{len(manifest.files):,} samples that {NAME} lists (step {manifest.step}, seed {manifest.seed}){passed}"
    ]


def in_channels(pictures: Tensor, channels: int, what: str) -> Tensor:
    """Give pictures the number of channels of the real images: grey becomes three equal colours where colour is wanted.

    Args:
        pictures: uint8, [n, C, H, W].
        channels: 1, grey; or 3, colour.
        what: The pictures' name, for the message.

    Raises:
        ValueError: if they are in colour where grey is wanted.
    """
    if pictures.shape[1] == channels:
        return pictures
    if channels == 3 and pictures.shape[1] == 1:
        return pictures.expand(-1, 3, -1, -1).contiguous()
    if channels == 1 and bool((pictures == pictures[:, :1]).all()):
        return pictures[:, :1]
    raise UserError(
        f"{what} are in colour but the real images are grey: compare like with like. Convert {what} to grey, or give "
        f"real images in colour."
    )
