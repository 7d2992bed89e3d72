"""The Toronto Face Database (Susskind et al., 2010), from a file that the user provides."""

import os
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from datamodules.base import ImageData, Split, Splits
from datamodules.tfd_file import EXPRESSIONS, NAME, SIDE, TFDFile, read_tfd
from lightning_gan.arguments import Count, Domain, Seed, check_arguments
from lightning_gan.utils import home_folder

FOLDERS = ("TFD", ".")  # under root
FOLDS = 5
Fold = Annotated[int, Domain(1, FOLDS, whole=True)]


class TFD(ImageData):
    """Toronto Face Database: grey faces, 1 x 48 x 48, with values in [0, 1].

    About 98,000 faces have no label, and 4,178 have one of seven expressions. The data are not public and cannot be
    downloaded; users with access put TFD_48x48.mat under root. The file divides the labelled faces in five ways, the
    folds. As in the yaml files released with Goodfellow et al. (2014), the training split holds the images without
    labels in the fold; `val` and `test` are the fold's own. The fold's labelled training images are not returned.

    Labels are the file's expressions 1 to 7 as 0 to 6, or -1 for images without one.

    Args:
        root: Folder of the file; the environment variable LIGHTNING_GAN_DATA replaces "data".
        fold: Number of the fold, 1 to 5; the released code counts from 0 and trains on the first.
        batch_size: Images per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
    """

    name = "tfd"
    data_shape = (1, SIDE, SIDE)
    num_classes = 7
    parts: ClassVar[dict[Split, int]] = {"train": 0, "val": 2, "test": 3}
    """Marks of the splits in the column of a fold; 1 marks its labelled training images."""

    @check_arguments
    def __init__(
        self, root: str = "data", fold: Fold = 1, batch_size: Count = 100, seed: Seed | None = None
    ) -> None:
        super().__init__(batch_size, seed)
        self.root = home_folder.find_data_folder(root)
        self.fold = fold

    def load(self, *, fetch: bool) -> Splits:
        """Load the fold's splits, in the order of the file.

        Raises:
            ValueError: If the file has another layout, or a split has no images.
            NotADirectoryError: If `root` is a file.
            FileNotFoundError: If the file is not under `root`.
        """
        path = self.find_file()
        file = read_tfd(path)
        marks = file.folds[:, self.fold - 1]
        splits: Splits = {}
        for split, mark in self.parts.items():
            chosen = np.flatnonzero(marks == mark)
            splits[split] = (
                torch.from_numpy(np.ascontiguousarray(file.images[chosen]))[:, None],
                _labels(file, chosen),
            )
        n = {split: f"{len(labels):,}" for split, (_, labels) in splits.items()}
        self.provenance = (
            f"TFD, 48x48 grey faces, fold {self.fold}: {n['train']} without labels to train, {n['val']} val, "
            f"{n['test']} test; from {path}, sha256 {file.sha256[:12]}."
        )
        return splits

    def find_file(self) -> Path:
        """Return the path of TFD_48x48.mat.

        Raises:
            NotADirectoryError: If `root` is a file.
            FileNotFoundError: If the file is not under `root`.
        """
        if self.root.exists() and not self.root.is_dir():
            raise NotADirectoryError(f"data.root is {self.root}, a file: give a folder.")
        paths = [self.root / folder / NAME for folder in FOLDERS]
        for path in paths:
            if os.path.lexists(path):
                return path
        raise FileNotFoundError(
            f"{NAME} is not under {self.root}, and the Toronto Face Database is not public, so it cannot be "
            f"downloaded: if you have the file from its owners, put it at {paths[0]} or {paths[1]}."
        )


def _labels(file: TFDFile, chosen: np.ndarray) -> Tensor:
    """Return expressions 1 to 7 as labels 0 to 6, int64, and -1 for images without one."""
    expressions = file.expressions[chosen]
    known = np.where(np.isin(expressions, EXPRESSIONS), expressions, 0)
    return torch.from_numpy(known.astype(np.int64) - 1)
