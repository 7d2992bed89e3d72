"""Euclidean distances between two sets of vectors, block by block, in working memory of a fixed size."""

import math

import torch
from torch import Tensor


class Distances:
    """Blocks of distances from matrix products, with the arithmetic of `torch.cdist` and fixed working memory.

    `torch.cdist` allocates copies of both sides and their squares in each call. Here the working memory is allocated
    once: two sides, a block of distances, and a block of comparisons.

    Args:
        n: Largest number of vectors in either set.
        d: Length of a vector.
        max_bytes: Bound on the working memory, which holds at least one distance.
        device: Device of the vectors.
    """

    def __init__(self, n: int, d: int, max_bytes: int, device: torch.device) -> None:
        self.d = d
        self.side = min(n, _side(d, max_bytes))
        """Largest number of vectors of each set in a block."""
        self._left, self._right = torch.empty(2, self.side, d + 2, device=device)
        self._block = torch.empty(max(d, self.side**2), device=device)
        self._seen = torch.empty(self.side**2, dtype=torch.bool, device=device)
        self._rows = 0

    def begin(self, x: Tensor) -> None:
        """Set the vectors, [m, d] with m up to `side`, for the next calls of `to`."""
        self._rows = len(x)
        left = self._left[: len(x)]
        self._put(left, x, norm=self.d, one=self.d + 1)
        left[:, : self.d] *= -2

    def to(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the distances from the vectors of `begin` to others.

        Args:
            y: Vectors, [l, d] with l up to `side`.

        Returns:
            Distances, float32 [m, l], and a buffer for comparisons, bool [m, l]; the next call overwrites both.
        """
        right = self._right[: len(y)]
        self._put(right, y, norm=self.d + 1, one=self.d)
        size = self._rows * len(y)
        distance = self._block[:size].view(self._rows, len(y))
        torch.mm(self._left[: self._rows], right.T, out=distance)
        return distance.clamp_(min=0).sqrt_(), self._seen[:size].view(self._rows, len(y))

    def _put(self, buffer: Tensor, vectors: Tensor, norm: int, one: int) -> None:
        """Copy vectors as float32, with their squared norms and ones in two more columns."""
        buffer[:, : self.d] = vectors
        buffer[:, one] = 1
        rows = max(1, len(self._block) // self.d)
        for part in buffer.split(rows):
            squares = self._block[: len(part) * self.d].view(len(part), self.d)
            torch.mul(part[:, : self.d], part[:, : self.d], out=squares)
            part[:, norm] = squares.sum(1)


def _side(d: int, max_bytes: int) -> int:
    """Compute the largest s with 6 s^2 + 8 s (d + 2) <= max_bytes.

    A distance takes 4 bytes, a comparison 1 or, on some devices, 2, and a vector of either side 4 (d + 2) bytes.
    """
    copies = 8 * (d + 2)
    return max(1, int((math.sqrt(copies**2 + 24 * max_bytes) - copies) / 12))
