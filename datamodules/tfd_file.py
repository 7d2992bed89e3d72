"""Reader for TFD_48x48.mat that checks its layout."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datamodules.idx import describe_damage
from datamodules.matlab5 import read_matlab_arrays
from lightning_gan.utils.errors import UserError

NAME = "TFD_48x48.mat"
SIDE = 48
VARIABLES = ("images", "folds", "labs_ex")
EXPRESSIONS = range(1, 8)
HDF5 = b"MATLAB 7.3"  # first bytes of a MATLAB file in HDF5 format
MARKS = {0: "images without labels", 1: "training", 2: "validation", 3: "test images"}


@dataclass(frozen=True)
class TFDFile:
    """Contents of the file.

    Attributes:
        images: Images, uint8 [n, 48, 48]; the first axis of images[i] are its rows.
        folds: Marks, [n, 5]; in each column 0 marks images without labels, 1 training, 2 validation, 3 test.
        expressions: Expressions, [n], 1 to 7; other numbers for images without one.
        sha256: Digest of the file.
    """

    images: np.ndarray
    folds: np.ndarray
    expressions: np.ndarray
    sha256: str


def read_tfd(path: Path) -> TFDFile:
    """Read the file and check its layout.

    MATLAB stores arrays column by column: the first n bytes of `images` are the upper left pixels of all n images. The
    reader restores the indices images(i, row, column), so the images need no transposition.

    Raises:
        ValueError: If the file cannot be read or has another layout.
    """
    with describe_damage(path):
        raw = path.read_bytes()
        if not raw:
            raise UserError("is empty")
        if raw.startswith(HDF5):
            raise UserError(
                "was saved by MATLAB as version 7.3 (HDF5) instead of version 7 (in MATLAB: load it, then save it "
                "with '-v7')"
            )
        found = read_matlab_arrays(raw)
        arrays = {name: _array(found, name) for name in VARIABLES}
        images, folds, expressions = arrays["images"], arrays["folds"], arrays["labs_ex"].ravel()
        check_tfd(images, folds, expressions)
        return TFDFile(images, folds, expressions, hashlib.sha256(raw).hexdigest())


def _array(found: dict[str, np.ndarray | str], name: str) -> np.ndarray:
    value = found.get(name, "")
    if isinstance(value, str):
        what = f"holds {name} as {value}" if value else f"has no variable {name}"
        raise UserError(
            f"{what}; it must hold numbers named {', '.join(VARIABLES)}, but holds {', '.join(found) or 'nothing'}"
        )
    return value


def check_tfd(images: np.ndarray, folds: np.ndarray, expressions: np.ndarray) -> None:
    """Check the arrays against the layout of TFD.

    Raises:
        ValueError: If it is not valid; the message is the predicate of a sentence about the file.
    """
    if images.dtype != np.uint8:
        raise UserError(f"holds images as {images.dtype} instead of bytes (uint8)")
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise UserError(f"holds images of shape {images.shape} instead of (n, {SIDE}, {SIDE})")
    n = len(images)
    if folds.shape != (n, 5):
        raise UserError(f"holds folds of shape {folds.shape} instead of {(n, 5)}")
    if len(expressions) != n:
        raise UserError(f"holds {len(expressions)} labels (labs_ex) for {n} images")
    other = folds[~np.isin(folds, list(MARKS))]
    if len(other):
        raise UserError(f"marks an image with {other[0]} in folds instead of 0, 1, 2 or 3")
    for fold, marks in enumerate(folds.T, 1):
        for mark, what in MARKS.items():
            if not (marks == mark).any():
                raise UserError(f"has no {what} in fold {fold} (no {mark} in that column of folds)")
        odd = expressions[(marks > 0) & ~np.isin(expressions, EXPRESSIONS)]
        if len(odd):
            raise UserError(
                f"labels an image of fold {fold} with {odd[0]} instead of an expression from 1 to 7"
            )
