"""Euclidean distances between two sets of vectors, block by block, in working memory of a fixed size."""

import math

import torch
from torch import Tensor


class Distances:
    """Compute distances by matrix products, with the same arithmetic as `torch.cdist`.

    `torch.cdist` allocates copies of both sides and their squares in each call. Here the working memory is allocated
    once: two sides, a block of distances, and a block of comparisons.

    Args:
        n: Largest number of vectors of either set.
        d: Length of a vector.
        max_bytes: Bound on the working memory; a block of one distance is held at least.
        device: Device of the vectors.
    """

    def __init__(self, n: int, d: int, max_bytes: int, device: torch.device) -> None:
        self.d = d
        self.side = min(n, _side(d, max_bytes))
        """Most vectors of each set in a block."""
        self._left, self._right = torch.empty(2, self.side, d + 2, device=device)
        self._block = torch.empty(max(d, self.side**2), device=device)
        self._seen = torch.empty(self.side**2, dtype=torch.bool, device=device)
        self._rows = 0

    def begin(self, x: Tensor) -> None:
        """Take vectors, [m, d] with m up to `side`, whose distances to others are wanted."""
        self._rows = len(x)
        left = self._left[: len(x)]
        self._put(left, x, norm=self.d, one=self.d + 1)
        left[:, : self.d] *= -2

    def to(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the distances of the vectors taken to others.

        Args:
            y: Vectors, [l, d] with l up to `side`.

        Returns:
            Distances, float32 [m, l], and room for a comparison of them, bool [m, l]; both until the next call.
        """
        right = self._right[: len(y)]
        self._put(right, y, norm=self.d + 1, one=self.d)
        size = self._rows * len(y)
        distance = self._block[:size].view(self._rows, len(y))
        torch.mm(self._left[: self._rows], right.T, out=distance)
        return distance.clamp_(min=0).sqrt_(), self._seen[:size].view(self._rows, len(y))

    def _put(self, room: Tensor, vectors: Tensor, norm: int, one: int) -> None:
        """Copy vectors as float32, with their squared norms and ones in two more columns."""
        room[:, : self.d] = vectors
        room[:, one] = 1
        rows = max(1, len(self._block) // self.d)
        for part in room.split(rows):
            squares = self._block[: len(part) * self.d].view(len(part), self.d)
            torch.mul(part[:, : self.d], part[:, : self.d], out=squares)
            part[:, norm] = squares.sum(1)


def _side(d: int, max_bytes: int) -> int:
    """The largest s with 6 s^2 + 8 s (d + 2) <= max_bytes.

    A distance takes 4 bytes and a comparison 1, of which a device may need a second one; a vector of either side takes
    4 (d + 2) bytes.
    """
    copies = 8 * (d + 2)
    return max(1, int((math.sqrt(copies**2 + 24 * max_bytes) - copies) / 12))
