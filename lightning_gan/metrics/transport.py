"""Transport distance W1 of two sample sets, in the units of the samples."""

import math

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError

DIRECTIONS = 16


def wasserstein_1d(a: Tensor, b: Tensor) -> Tensor:
    """Compute W1 of samples in one dimension, [..., n] and [..., n] to [...].

    It is the mean distance of the sorted values. For finite n it is above 0 even for samples of one distribution:
    compare with the value of two such sets.

    Raises:
        UserError: The shapes differ, or there are no samples.

    Example:
        >>> wasserstein_1d(torch.tensor([0.0, 2.0]), torch.tensor([3.0, 1.0]))
        tensor(1.)
    """
    if a.shape != b.shape or not a.shape[-1]:
        raise UserError(
            f"The samples have shapes {list(a.shape)} and {list(b.shape)}: give equal shapes, and one or more."
        )
    return (a.sort(-1).values - b.sort(-1).values).abs().mean(-1)


def sliced_wasserstein(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean W1 of two-dimensional samples, [n, 2] each, over evenly spaced directions.

    Raises:
        UserError: The shapes differ, or are not [n, 2].
    """
    if a.shape != b.shape or a.shape[1:] != (2,):
        raise UserError(
            f"The samples have shapes {list(a.shape)} and {list(b.shape)}: give [n, 2] for both."
        )
    angle = math.pi * torch.arange(DIRECTIONS) / DIRECTIONS
    directions = torch.stack([angle.cos(), angle.sin()]).to(a)
    return wasserstein_1d((a @ directions).T, (b @ directions).T).mean()
