"""Random vectors that resemble features, for tests of metrics."""

import torch
from torch import Tensor

from lightning_gan.metrics import GaussianStatistics


def cloud(n: int, d: int, seed: int = 0, offset: float = 0.0) -> Tensor:
    """Draw correlated nonnegative vectors with variances over two decades; float32, [n, d]."""
    rng = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=torch.Generator().manual_seed(99)) / d**0.5
    return (torch.randn(n, d, generator=rng) @ mix * torch.logspace(0, -1, d)).abs() + offset


def gaussian(x: Tensor) -> GaussianStatistics:
    """Compute mean and covariance directly."""
    x = x.double()
    return GaussianStatistics(len(x), x.mean(0), x.T.cov().view(x.shape[1], x.shape[1]))
