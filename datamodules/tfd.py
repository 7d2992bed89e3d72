"""The Toronto Face Database (Susskind et al., 2010): a file that the user brings, and its five folds."""

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
    """Grey faces, 48 x 48, values in [0, 1]: about 98,000 without labels, 4,178 with one of seven expressions.

    The data are not public and are never fetched: whoever has TFD_48x48.mat puts it under root. The labelled faces
    are divided in five ways, the folds. As in the yaml files released with Goodfellow et al. (2014), a GAN learns from
    the images that the fold leaves without labels (its split `train`); `val` and `test` are the fold's own. The
    fold's labelled training images are for classifiers and are not given out.

    Labels are the file's expressions 1 to 7 as 0 to 6; an image without one has -1.

    Args:
        root: folder of the file; the environment variable LIGHTNING_GAN_DATA replaces "data".
        fold: number of the fold, 1 to 5; the released code counts them from 0 and trains on the first.
        batch_size: examples per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
    """

    name = "tfd"
    data_shape = (1, SIDE, SIDE)
    num_classes = 7
    parts: ClassVar[dict[Split, int]] = {"train": 0, "val": 2, "test": 3}
    """How the column of a fold marks the images of a split; 1 marks its labelled training images."""

    @check_arguments
    def __init__(
        self, root: str = "data", fold: Fold = 1, batch_size: Count = 100, seed: Seed | None = None
    ) -> None:
        super().__init__(batch_size, seed)
        self.root = home_folder.find_data_folder(root)
        self.fold = fold

    def load(self, *, fetch: bool) -> Splits:
        """The fold's splits, in the order of the file.

        Raises:
            ValueError: if the file is there but has another layout, or a split without images.
            NotADirectoryError: if root is a file.
            FileNotFoundError: if it is not there.
        """
        path = self.path()
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

    def path(self) -> Path:
        """Where the file lies.

        Raises:
            NotADirectoryError: if root is a file.
            FileNotFoundError: if it lies nowhere under root; says that the data are not public.
        """
        if self.root.exists() and not self.root.is_dir():
            raise NotADirectoryError(f"data.root is {self.root}, a file: give a folder.")
        places = [self.root / folder / NAME for folder in FOLDERS]
        for place in places:
            if os.path.lexists(place):
                return place
        raise FileNotFoundError(
            f"The Toronto Face Database is not public, so it cannot be fetched, and {NAME} is not under {self.root}: "
            f"if you were given the file by its owners, put it at {places[0]} or {places[1]}."
        )


def _labels(file: TFDFile, chosen: np.ndarray) -> Tensor:
    """Expressions 1 to 7 as 0 to 6, int64; -1 where there is none."""
    expressions = file.expressions[chosen]
    known = np.where(np.isin(expressions, EXPRESSIONS), expressions, 0)
    return torch.from_numpy(known.astype(np.int64) - 1)
