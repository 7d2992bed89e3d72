"""TFD_48x48.mat: read without running anything, and held against the layout that it must have."""

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
HDF5 = b"MATLAB 7.3"  # how a file begins that MATLAB wrote as HDF5
MARKS = {0: "images without labels", 1: "training", 2: "validation", 3: "test images"}


@dataclass(frozen=True)
class TFDFile:
    """What is in the file.

    Attributes:
        images: uint8, [n, 48, 48]; images[i] is upright, its first axis the rows.
        folds: [n, 5]; in each column 0 marks images without labels, 1 training, 2 validation, 3 test.
        expressions: [n], 1 to 7, or another number where there is none.
        sha256: of the file.
    """

    images: np.ndarray
    folds: np.ndarray
    expressions: np.ndarray
    sha256: str


def read_tfd(path: Path) -> TFDFile:
    """The contents of the file, checked.

    MATLAB writes arrays column by column, so that the first n bytes of `images` are the upper left pixels of all n
    images. The reader gives every number its own indices back, images(i, row, column), so nothing is to be turned.

    Raises:
        ValueError: with a sentence that has the file as its subject.
    """
    with describe_damage(path):
        raw = path.read_bytes()
        if not raw:
            raise UserError("is empty")
        if raw.startswith(HDF5):
            raise UserError(
                "was saved by MATLAB as version 7.3, which is HDF5; version 7 is wanted (in MATLAB: load it, then "
                "save it with '-v7')"
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
            f"{what}; numbers named {', '.join(VARIABLES)} are wanted, and it holds {', '.join(found) or 'nothing'}"
        )
    return value


def check_tfd(images: np.ndarray, folds: np.ndarray, expressions: np.ndarray) -> None:
    """Compare the arrays with the layout of TFD.

    Raises:
        ValueError: the predicate of a sentence that has the file as its subject.
    """
    if images.dtype != np.uint8:
        raise UserError(f"holds images as {images.dtype}, where bytes (uint8) are wanted")
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise UserError(
            f"holds images of shape {images.shape}, where (n, {SIDE}, {SIDE}) is wanted"
        )
    n = len(images)
    if folds.shape != (n, 5):
        raise UserError(f"holds folds of shape {folds.shape}, where {(n, 5)} is wanted")
    if len(expressions) != n:
        raise UserError(f"holds {len(expressions)} labels (labs_ex) for {n} images")
    other = folds[~np.isin(folds, list(MARKS))]
    if len(other):
        raise UserError(f"marks an image with {other[0]} in folds, where 0, 1, 2 or 3 is wanted")
    for fold, marks in enumerate(folds.T, 1):
        for mark, what in MARKS.items():
            if not (marks == mark).any():
                raise UserError(f"has no {what} in fold {fold} (no {mark} in that column of folds)")
        odd = expressions[(marks > 0) & ~np.isin(expressions, EXPRESSIONS)]
        if len(odd):
            raise UserError(
                f"labels an image of fold {fold} with {odd[0]}, where an expression from 1 to 7 is wanted"
            )
