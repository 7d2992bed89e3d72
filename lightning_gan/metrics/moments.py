"""Mean and covariance of vectors, accumulated in batches."""

from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.metrics.sample_metric import SampleSetMetric, check_vectors
from lightning_gan.utils.errors import UserError


class GaussianStatistics(NamedTuple):
    """Mean and covariance of n vectors.

    Attributes:
        n: Number of vectors.
        mean: Mean, float64, [d].
        cov: Unbiased covariance, divided by n - 1, float64, [d, d].
    """

    n: int
    mean: Tensor
    cov: Tensor


class Moments(SampleSetMetric):
    """Mean and covariance over the vectors of all processes; memory does not grow with n.

    States are sums of x and of x x^T in float64, not centred, so that processes are added in any
    order. The relative error of the covariance of vectors with mean m and deviation s is about
    1e-16 (1 + m^2 / s^2).

    Args:
        dim: Length d of a vector, 1 to 2^20; states take 8 (d^2 + d + 1) bytes.
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
            UserError: The shape is wrong, or a value is not finite.
        """
        x = check_vectors(vectors, "vectors", self.dim).double()
        self.count = self.count + len(x)
        self.sum = self.sum + x.sum(0)
        self.outer = torch.addmm(self.outer, x.T, x)

    def compute(self) -> GaussianStatistics:
        """Compute mean and unbiased covariance; if dim is 1, torchmetrics gives both the shape [].

        Raises:
            UserError: Fewer than two vectors were added.
        """
        n = int(self.count)
        if n < 2:
            raise UserError(
                f"A covariance needs two vectors, but there are {n}: give more samples."
            )
        mean = self.sum / n
        cov = (self.outer - n * mean.outer(mean)) / (n - 1)
        return GaussianStatistics(n, mean, (cov + cov.T) / 2)
