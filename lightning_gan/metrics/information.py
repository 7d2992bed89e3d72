"""Mutual information in nats."""

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError


def mutual_information(counts: Tensor) -> float:
    """Compute the mutual information I(i; j), in nats, from counts of pairs (i, j).

    Args:
        counts: Counts, [I, J], not negative, not all 0.

    Raises:
        UserError: A count is negative, or all are 0.

    Example:
        >>> mutual_information(torch.tensor([[5, 0], [0, 5]]))
        0.6931471805599453
    """
    if counts.dim() != 2 or counts.min() < 0 or not counts.sum() > 0:
        raise UserError(
            f"The counts are {counts.tolist()}: give a table [I, J] of counts, not all 0."
        )
    p = counts.double() / counts.sum()
    apart = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
    return float(torch.special.xlogy(p, torch.where(p > 0, p / apart, 1)).sum())
