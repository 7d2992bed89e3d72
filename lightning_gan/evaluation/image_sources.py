"""Read images to score from a folder, or from an array in an .npz, .npy or .pt file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lightning_gan.image_files import (
    DecodedImage,
    FoundImages,
    find_images,
    is_grey,
    read_arrays,
    read_files,
    to_printable,
)
from lightning_gan.image_files import arrays as array_files
from lightning_gan.image_files.manifest import (
    NAME,
    Manifest,
    find_unlisted,
    make_changed_file_error,
    read_manifest,
)
from lightning_gan.image_files.names import LOSSY
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import describe_excess


@dataclass(frozen=True)
class FileImages:
    """Images read from files.

    Attributes:
        uint8_images: Images, uint8, [n, C, H, W]; C is 1 if all pixels are grey, else 3.
        notes: Notes about the files, such as which were skipped and why.
        lossy: Whether some files are JPEG, whose artefacts change every score.
    """

    uint8_images: Tensor
    notes: tuple[str, ...] = ()
    lossy: bool = False


def read_images(path: str | Path, num: int | None = None) -> FileImages:
    """Read images of one size from a folder or from an array file.

    If the folder has a samples.json, which `sample` writes, only the files that it lists are read.

    Args:
        path: Folder for `find_images`, or .npz, .npy or .pt file for `read_arrays`.
        num: Number of images to read, the first by name and in turn from each class folder; all if it is None.

    Raises:
        FileNotFoundError: `path` does not exist.
        UserError: The files are not images of one size, or do not fit into memory.
    """
    path = Path(path)
    if path.is_dir():
        return _from_folder(path, num)
    if path.is_file() and path.suffix.lower() in array_files.SUFFIXES:
        array = read_arrays(path, num)
        return FileImages(_channels_first(array[..., :1] if _all_grey(array) else array))
    kinds = ", ".join(array_files.SUFFIXES)
    if path.exists():
        raise UserError(
            f"{to_printable(path)} is neither a folder of images nor a file of arrays ({kinds}): give one of these."
        )
    raise FileNotFoundError(2, f"No such folder or file of arrays ({kinds})", to_printable(path))


def _all_grey(array: np.ndarray) -> bool:
    return array.shape[-1] == 3 and is_grey(array)


def _channels_first(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))


def _from_folder(folder: Path, num: int | None) -> FileImages:
    manifest = read_manifest(folder)
    if manifest is None:
        found = find_images(folder)
        files, notes = interleave_classes(found)[:num], _notes(found)
    else:
        files = [folder / name for name in manifest.files][:num]
        notes = _notes_of_samples(folder, manifest)
    lossy = any(file.suffix.lower() in LOSSY for file in files)
    reads = _Stack(files, manifest)
    for read in read_files(files, to_array):
        reads.add(read)
    if reads.profiles:
        notes.append(f"{reads.profiles:,} have an ICC profile, which is not applied")
    return FileImages(_channels_first(reads.array), tuple(notes), lossy)


def interleave_classes(found: FoundImages) -> list[Path]:
    """Sort files by name and take them in turn from each class, so that the first n are balanced."""
    rank: dict[int, int] = {}
    ordered = []
    for path, label in zip(found.files, found.labels, strict=True):
        rank[label] = rank.get(label, -1) + 1
        ordered.append((rank[label], label, path))
    return [path for _, _, path in sorted(ordered)]


def to_array(image: Image.Image) -> np.ndarray:
    """Return the bytes of an image, [H, W, 1] if all pixels are grey, else [H, W, 3]."""
    array = np.asarray(image)
    if array.ndim == 2:
        return array[..., None]
    return array[..., :1] if is_grey(array) else array


class _Stack:
    """Images of one size in one array, which is extended to three channels at the first colour image.

    Args:
        files: Files that will be added, in order.
        manifest: Digests of the files; None if there is no manifest.
    """

    array: np.ndarray

    def __init__(self, files: Sequence[Path], manifest: Manifest | None) -> None:
        self.files, self.manifest = files, manifest
        self.n = self.profiles = 0

    def add(self, read: DecodedImage[np.ndarray]) -> None:
        """Add the next file.

        Raises:
            UserError: The file cannot be read, or its size differs from that of the first.
        """
        path, one_image = read.header.path, read.image
        if one_image is None:
            raise UserError(
                f"{to_printable(path)} cannot be read as an image {read.header.problem}: repair or remove it."
            )
        if self.manifest is not None and read.digest.hex() != self.manifest.files[path.name]:
            raise make_changed_file_error(path)
        if not self.n:
            self._make(one_image)
        if one_image.shape[:2] != self.array.shape[1:3]:
            raise UserError(
                f"{to_printable(path)} is {list(one_image.shape[:2])} but {to_printable(self.files[0].name)} is "
                f"{list(self.array.shape[1:3])} (height, width): give images of one size."
            )
        if one_image.shape[2] > self.array.shape[3]:
            self.array = np.repeat(self.array, 3, axis=3)
        self.array[self.n] = one_image
        self.n += 1
        self.profiles += read.header.profile

    def _make(self, first: np.ndarray) -> None:
        """Allocate the array for all images."""
        size = describe_excess(len(self.files) * 3 * first.shape[0] * first.shape[1])
        if size:
            raise UserError(
                f"{len(self.files):,} images of {first.shape[0]} x {first.shape[1]} pixels {size}: give fewer or "
                f"smaller ones."
            )
        self.array = np.empty((len(self.files), *first.shape), np.uint8)


def _notes(found: FoundImages) -> list[str]:
    classes = f" in {len(found.classes):,} folders of classes" if found.classes else ""
    if not (found.ignored or classes):
        return []
    passed = f"; ignored: {found.ignored}" if found.ignored else ""
    return [f"{len(found.files):,} images{classes}{passed}"]


def _notes_of_samples(folder: Path, manifest: Manifest) -> list[str]:
    more = find_unlisted(folder, manifest.files)
    passed = f"; {more:,} other images in the folder are ignored" if more else ""
    return [
        f"{len(manifest.files):,} samples that {NAME} lists (step {manifest.step}, seed {manifest.seed}){passed}"
    ]


def convert_channels(image_bytes: Tensor, channels: int, what: str) -> Tensor:
    """Convert images to the number of channels of the real images; grey becomes three equal channels.

    Args:
        image_bytes: Images, uint8, [n, C, H, W].
        channels: Number of channels, 1 for grey or 3 for colour.
        what: Name of the images in the message.

    Raises:
        UserError: The images are in colour and `channels` is 1.
    """
    if image_bytes.shape[1] == channels:
        return image_bytes
    if channels == 3 and image_bytes.shape[1] == 1:
        return image_bytes.expand(-1, 3, -1, -1).contiguous()
    if channels == 1 and bool((image_bytes == image_bytes[:, :1]).all()):
        return image_bytes[:, :1]
    raise UserError(
        f"{what} are in colour but the real images are grey: convert {what} to grey, or give real images in colour."
    )
