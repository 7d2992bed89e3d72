"""Split files into training, validation and test by a hash of each file."""

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import sha256

import torch
from torch import Tensor

from datamodules.base import Split
from lightning_gan.utils.errors import UserError

MIN_FILES = 3  # smallest number of different files: one for each split


def compute_hash_position(digest: bytes, split_seed: int) -> float:
    """Return the position of a file, uniform in [0, 1) and different for each seed."""
    mixed = sha256(f"{split_seed} ".encode() + digest).digest()
    return int.from_bytes(mixed[:6], "big") / 2**48


def split_by_hash(
    digests: Sequence[bytes], validation: float = 0.1, test: float = 0.1, split_seed: int = 0
) -> dict[Split, Tensor]:
    """Assign files to splits by their digests alone: test below `test`, validation below `test + validation`.

    A split that would be empty gets the file with the nearest position, so that each split has at least one file.
    Files with equal digests are in one split.

    Args:
        digests: SHA-256 of each file's bytes, at least 3 different ones.
        validation: Expected share of the validation split.
        test: Expected share of the test split.
        split_seed: Seed that is mixed with the digests.

    Returns:
        Indices of the files of each split, int64, in the order of their positions.

    Raises:
        ValueError: If there are fewer than 3 different digests.
    """
    positions = {digest: compute_hash_position(digest, split_seed) for digest in set(digests)}
    n = len(positions)
    if n < MIN_FILES:
        raise UserError(f"{n} different files cannot be split: give {MIN_FILES} or more.")
    ordered = sorted(positions, key=lambda d: (positions[d], d))
    ranks = {digest: i for i, digest in enumerate(ordered)}
    ascending = sorted(positions.values())
    n_test = min(max(bisect_left(ascending, test), 1), n - 2)
    n_held_out = min(max(bisect_left(ascending, test + validation), n_test + 1), n - 1)
    order = sorted(range(len(digests)), key=lambda i: ranks[digests[i]])
    splits: dict[Split, list[int]] = {"train": [], "val": [], "test": []}
    for i in order:
        rank = ranks[digests[i]]
        splits["test" if rank < n_test else "val" if rank < n_held_out else "train"].append(i)
    return {split: torch.tensor(indices) for split, indices in splits.items()}
