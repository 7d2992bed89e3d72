"""Random images that resemble digits, and a direct computation of their Parzen density."""

import math

import torch
from torch import Tensor


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def strokes(n: int, seed: int) -> Tensor:
    """Draw smooth strokes with most pixels exactly 0 and some exactly 1; [n, 784]."""
    noise = torch.randn(n, 1, 40, 40, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.avg_pool2d(noise, 7, stride=1)[:, :, 3:31, 3:31]
    return (smooth * 10 - 0.8).clamp(0, 1).flatten(1)


def in_float64(x: Tensor, centres: Tensor, sigmas: tuple[float, ...]) -> Tensor:
    """Compute log p(x) from all differences in float64, [n, n_sigmas]."""
    square = torch.stack([(x_i.double() - centres.double()).square().sum(1) for x_i in x])
    columns = [
        (-square / (2 * s**2)).logsumexp(1)
        - math.log(len(centres))
        - x.shape[1] * math.log(s * math.sqrt(2 * math.pi))
        for s in sigmas
    ]
    return torch.stack(columns, dim=1)
