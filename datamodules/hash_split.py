"""Split files into training, validation and test by a hash of each file."""

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import sha256

import torch
from torch import Tensor

from datamodules.base import Split
from lightning_gan.utils.errors import UserError

LEAST = 3  # different files: one for each split


def compute_hash_position(digest: bytes, split_seed: int) -> float:
    """Return the place of a file in [0, 1): uniform, and another one for each seed."""
    mixed = sha256(f"{split_seed} ".encode() + digest).digest()
    return int.from_bytes(mixed[:6], "big") / 2**48


def split_by_hash(
    digests: Sequence[bytes], validation: float = 0.1, test: float = 0.1, split_seed: int = 0
) -> dict[Split, Tensor]:
    """Assign files to splits by their digests alone: test below `test`, validation below `test + validation`.

    A split that would be empty gets the file whose position is nearest; so each split has a file at least. Files with
    equal digests are in one split.

    Args:
        digests: SHA-256 of each file's bytes; 3 different ones at least.
        validation: Expected share of the validation split.
        test: Expected share of the test split.
        split_seed: Seed that is mixed with the digests.

    Returns:
        Indices of the files of each split, int64, in the order of their positions.

    Raises:
        ValueError: if there are fewer than 3 different digests.
    """
    at = {digest: compute_hash_position(digest, split_seed) for digest in set(digests)}
    n = len(at)
    if n < LEAST:
        raise UserError(f"{n} different files cannot be split: give {LEAST} or more.")
    ranks = {digest: i for i, digest in enumerate(sorted(at, key=lambda d: (at[d], d)))}
    places = sorted(at.values())
    tests = min(max(bisect_left(places, test), 1), n - 2)
    held = min(max(bisect_left(places, test + validation), tests + 1), n - 1)
    order = sorted(range(len(digests)), key=lambda i: ranks[digests[i]])
    splits: dict[Split, list[int]] = {"train": [], "val": [], "test": []}
    for i in order:
        rank = ranks[digests[i]]
        splits["test" if rank < tests else "val" if rank < held else "train"].append(i)
    return {split: torch.tensor(indices) for split, indices in splits.items()}
