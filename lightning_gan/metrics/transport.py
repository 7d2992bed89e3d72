"""How far two sets of samples lie apart: the transport distance W1, in the unit of the samples."""

import math

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError

DIRECTIONS = 16


def wasserstein_1d(a: Tensor, b: Tensor) -> Tensor:
    """W1 of samples on the line: [..., n] and [..., n] to [...].

    The mean distance when both are put in order and moved onto each other. For finite n it is above 0 for samples of
    one distribution too: compare with what two such sets give.

    Raises:
        ValueError: if there are not as many of both.

    Example:
        >>> wasserstein_1d(torch.tensor([0.0, 2.0]), torch.tensor([3.0, 1.0]))
        tensor(1.)
    """
    if a.shape != b.shape or not a.shape[-1]:
        raise UserError(
            f"Samples {list(a.shape)} and {list(b.shape)} came: give as many of both, one or more."
        )
    return (a.sort(-1).values - b.sort(-1).values).abs().mean(-1)


def sliced_wasserstein(a: Tensor, b: Tensor) -> Tensor:
    """Mean W1 of samples in the plane, [n, 2] each, seen along evenly spaced directions.

    Raises:
        ValueError: if there are not as many of both, or they do not lie in the plane.
    """
    if a.shape != b.shape or a.shape[1:] != (2,):
        raise UserError(
            f"Samples {list(a.shape)} and {list(b.shape)} came: give [n, 2], as many of both."
        )
    angle = math.pi * torch.arange(DIRECTIONS) / DIRECTIONS
    directions = torch.stack([angle.cos(), angle.sin()]).to(a)
    return wasserstein_1d((a @ directions).T, (b @ directions).T).mean()
