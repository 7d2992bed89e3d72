"""Data module in MNIST's format with a few images of noise."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from datamodules.idx import FileSpec
from datamodules.mnist import MNIST


def idx_bytes(data: Tensor) -> bytes:
    """Encode uint8 data as an idx file."""
    return FileSpec("", tuple(data.shape), "").header + data.numpy().tobytes()


def tiny_files(n_train: int, n_test: int) -> dict[str, tuple[str, Tensor]]:
    """Return names and contents of four small files; pixels are fixed noise, label i is i % 10."""
    generator = torch.Generator().manual_seed(0)
    files = {}
    for split, prefix, n in (("train", "train", n_train), ("test", "t10k", n_test)):
        images = torch.randint(256, (n, 28, 28), generator=generator).to(torch.uint8)
        labels = (torch.arange(n) % 10).to(torch.uint8)
        files[f"{split}_images"] = (f"{prefix}-images-idx3-ubyte", images)
        files[f"{split}_labels"] = (f"{prefix}-labels-idx1-ubyte", labels)
    return files


def make_tiny_mnist(root: Path, n_train: int = 60, n_test: int = 20) -> type[MNIST]:
    """Write four idx files to root/MNIST/raw, and return a subclass of MNIST that expects exactly these.

    The last sixth of the n_train images is the validation set, as in MNIST. The only source is files.
    Use as `make_tiny_mnist(tmp_path)(root=str(tmp_path), batch_size=5)`.
    """
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    specs = {}
    for key, (name, data) in tiny_files(n_train, n_test).items():
        raw = idx_bytes(data)
        (folder / name).write_bytes(raw)
        specs[key] = FileSpec(name, tuple(data.shape), hashlib.md5(raw).hexdigest())

    class TinyMNIST(MNIST):
        files = specs
        train_size = n_train - n_train // 6
        sources = ("auto", "files")

    return TinyMNIST
