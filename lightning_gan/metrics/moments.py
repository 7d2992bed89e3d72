"""Mean and covariance of vectors that come in parts."""

from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.metrics.sample_metric import SampleSetMetric, check_vectors
from lightning_gan.utils.errors import UserError


class GaussianStatistics(NamedTuple):
    """The normal distribution with the moments of n vectors.

    Attributes:
        n: how many vectors.
        mean: float64, [d].
        cov: unbiased, divided by n - 1; float64, [d, d].
    """

    n: int
    mean: Tensor
    cov: Tensor


class Moments(SampleSetMetric):
    """Mean and covariance over the vectors of all processes; memory does not grow with n.

    States are sums of x and of x x^T in float64, without an origin, so that processes may add up
    in any order. The covariance of vectors of mean m and deviation s is right to about
    1e-16 (1 + m^2 / s^2) of itself.

    Args:
        dim: length d of a vector, 1 to 2^20; states take 8 (d^2 + d + 1) bytes.
    """

    higher_is_better: bool | None = None
    count: Tensor
    sum: Tensor
    outer: Tensor

    @check_arguments
    def __init__(self, dim: Size) -> None:
        super().__init__()
        self.dim = dim
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("sum", torch.zeros(dim, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("outer", torch.zeros(dim, dim, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, vectors: Tensor) -> None:
        """Add vectors, [m, dim]; m may be 0.

        Raises:
            ValueError: if they have another shape, or some are not finite.
        """
        x = check_vectors(vectors, "vectors", self.dim).double()
        self.count = self.count + len(x)
        self.sum = self.sum + x.sum(0)
        self.outer = torch.addmm(self.outer, x.T, x)

    def compute(self) -> GaussianStatistics:
        """Mean and unbiased covariance; where dim is 1, torchmetrics makes both of shape [].

        Raises:
            ValueError: if fewer than two vectors came.
        """
        n = int(self.count)
        if n < 2:
            raise UserError(
                f"A covariance of {n} vectors was asked, but it needs two: give more samples."
            )
        mean = self.sum / n
        cov = (self.outer - n * mean.outer(mean)) / (n - 1)
        return GaussianStatistics(n, mean, (cov + cov.T) / 2)
