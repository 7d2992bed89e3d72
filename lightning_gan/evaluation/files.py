"""Pictures in files: a folder of images, or an array in an .npz; nothing is unpickled."""

import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
LOSSY = {".jpg", ".jpeg"}


def read_pictures(path: str | Path) -> Tensor:
    """Bytes, uint8 [n, C, H, W] with C 1 or 3, of a folder of image files (in the order of their names) or of an .npz.

    Raises:
        FileNotFoundError: if there is nothing at path.
        ValueError: if what is there cannot be read as pictures of one size.
    """
    path = Path(path)
    if path.is_dir():
        return _from_folder(path)
    if path.is_file() and path.suffix == ".npz":
        return _from_npz(path)
    if path.exists():
        raise ValueError(
            f"{path} is neither a folder of pictures nor an .npz file: give one of these."
        )
    raise FileNotFoundError(2, "No such folder or .npz file", str(path))


def is_lossy(path: str | Path) -> bool:
    """Whether a folder holds JPEG files, whose artefacts move every score."""
    return Path(path).is_dir() and any(p.suffix.lower() in LOSSY for p in Path(path).iterdir())


def _from_folder(folder: Path) -> Tensor:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise ValueError(
            f"{folder} holds no picture ({', '.join(sorted(SUFFIXES))}): give a folder that holds some, "
            f"not in folders below."
        )
    pictures = [_read_picture(file) for file in files]
    shape = pictures[0].shape
    for file, picture in zip(files, pictures, strict=True):
        if picture.shape != shape:
            raise ValueError(
                f"{file.name} is {list(picture.shape)} but {files[0].name} is {list(shape)} (channels, height, "
                f"width): give pictures of one size, all grey or all in colour."
            )
    return torch.stack(pictures)


def _read_picture(file: Path) -> Tensor:
    try:
        with Image.open(file) as image:
            mode = "L" if image.mode in ("L", "1") else "RGB"
            array = np.array(image.convert(mode))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(
            f"{file} cannot be read as a picture ({error}): mend it or take it away."
        ) from error
    return (
        torch.from_numpy(array)[None] if mode == "L" else torch.from_numpy(array).permute(2, 0, 1)
    )


def _from_npz(path: Path) -> Tensor:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            names = list(arrays)
            found = [(name, arrays[name]) for name in names if arrays[name].ndim in (3, 4)]
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} is not a whole .npz of plain arrays ({error}).") from error
    if len(found) != 1:
        raise ValueError(
            f"{path} holds the arrays {names}, of which {len(found)} could be pictures: give one array of bytes, "
            f"[n, H, W], [n, H, W, C] or [n, C, H, W]."
        )
    ((name, array),) = found
    if array.dtype != np.uint8 or not len(array):
        raise ValueError(
            f"{name} in {path} is {array.dtype}, {list(array.shape)}: give at least one picture of bytes "
            f"(uint8, 0 to 255)."
        )
    pictures = torch.from_numpy(array)
    if pictures.dim() == 3:
        return pictures[:, None]
    if pictures.shape[-1] in (1, 3):
        return pictures.permute(0, 3, 1, 2).contiguous()
    if pictures.shape[1] in (1, 3):
        return pictures
    raise ValueError(
        f"{name} in {path} is {list(array.shape)}: give 1 or 3 channels, last or second."
    )


def in_channels(pictures: Tensor, channels: int, what: str) -> Tensor:
    """Pictures in the number of channels wanted: grey stored as three equal colours becomes grey.

    Raises:
        ValueError: if they are in colour where grey is wanted, or the other way round.
    """
    if pictures.shape[1] == channels:
        return pictures
    if channels == 1 and bool((pictures == pictures[:, :1]).all()):
        return pictures[:, :1]
    kinds = {1: "grey", 3: "in colour"}
    raise ValueError(
        f"{what} are {kinds[pictures.shape[1]]} but the real images are {kinds[channels]}: compare like with like."
    )
