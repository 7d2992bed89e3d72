"""What one number tells of another, in nats."""

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError


def mutual_information(counts: Tensor) -> float:
    """I(i; j), in nats, of how often i and j were seen together, with frequencies taken for probabilities.

    Args:
        counts: [I, J], not negative, not all 0.

    Raises:
        ValueError: if there are none, or one is negative.

    Example:
        >>> mutual_information(torch.tensor([[5, 0], [0, 5]]))
        0.6931471805599453
    """
    if counts.dim() != 2 or counts.min() < 0 or not counts.sum() > 0:
        raise UserError(f"Counts {counts.tolist()} came: give a table [I, J] of counts, not all 0.")
    p = counts.double() / counts.sum()
    apart = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
    return float(torch.special.xlogy(p, torch.where(p > 0, p / apart, 1)).sum())
