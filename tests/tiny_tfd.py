"""File in TFD's format with a few images of noise, and a checkpoint of stage 1."""

from pathlib import Path

import numpy as np
import torch
from scipy.io import savemat

from lightning_gan.networks import SparseOutputGenerator
from lightning_gan.utils.file_format import FORMAT, KEY

TINY = [8, 100]  # widths instead of 8000, 8000; an output has 100 sparse weights


def tiny_tfd(unlabelled: int = 40, labelled: int = 20) -> dict[str, np.ndarray]:
    """Return the four variables; images are fixed noise with their index as the upper left pixel.

    Labelled images come first. In fold f they are shifted by 3 f; half are training images, a quarter validation
    images, and the others test images.
    """
    n = unlabelled + labelled
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 48, 48), dtype=np.uint8)
    images[:, 0, 0] = np.arange(n)
    marks = np.repeat([1, 2, 3], [labelled - 2 * (labelled // 4), labelled // 4, labelled // 4])
    folds = np.zeros((n, 5), dtype=np.int8)
    for fold in range(5):
        folds[:labelled, fold] = np.roll(marks, 3 * fold)
    expressions = np.full((n, 1), -1, dtype=np.int16)
    expressions[:labelled, 0] = np.arange(labelled) % 7 + 1
    return {"images": images, "folds": folds, "labs_ex": expressions, "labs_id": expressions.copy()}


def write_tiny_tfd(root: Path, variables: dict[str, np.ndarray] | None = None) -> Path:
    """Write root/TFD/TFD_48x48.mat in MATLAB's format 5; by default the variables of `tiny_tfd`."""
    path = root / "TFD" / "TFD_48x48.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, tiny_tfd() if variables is None else variables)
    return path


def write_tiny_stage_1(root: Path) -> Path:
    """Write the checkpoint that tfd_goodfellow2014.yaml loads, for a generator of `TINY` widths, under root."""
    upper = SparseOutputGenerator([1, 48, 48], widths=TINY)
    path = root / "runs" / "tfd_goodfellow2014_pretrain" / "version_0" / "checkpoints" / "last.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {f"generator.{name}": weight for name, weight in upper.state_dict().items()}
    torch.save({KEY: FORMAT, "state_dict": weights}, path)
    return path
