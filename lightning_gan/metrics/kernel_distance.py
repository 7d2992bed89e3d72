"""Kernel distance, which is KID for Inception's vectors (Bińkowski et al. 2018).

It is the unbiased estimate of the squared maximum mean discrepancy with k(x, y) = (x·y / d + 1)^3,
averaged over random subsets. It is about 0 for equal distributions and can be slightly negative;
lower is better.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lightning_gan.arguments import Count, CountFromTwo, Seed, check_arguments
from lightning_gan.metrics.degenerate import warn, warn_of_copies
from lightning_gan.metrics.sample_metric import check_vectors
from lightning_gan.metrics.vectors import Vectors
from lightning_gan.utils.errors import UserError

BLOCK = 512  # number of vectors of each side in a block of kernel values


class KernelDistanceValue(NamedTuple):
    """Mean and population standard deviation over the subsets; not a standard error."""

    mean: float
    sd: float


@check_arguments
@torch.no_grad()
def kernel_distance(
    generated: Tensor,
    real: Tensor,
    subsets: Count = 100,
    subset_size: CountFromTwo = 1000,
    seed: Seed = 2020,
) -> KernelDistanceValue:
    """Compute the unbiased squared MMD with the cubic kernel, over the subsets of torch-fidelity.

    All values are float64. torch-fidelity computes in the dtype of the vectors; in float32 its value
    for 2,048 dimensions differed by up to 2e-7 (measured), which is 2e-4 of a value of 2e-5. Without
    the vectors, memory is bounded by subsets (n + n_real) 8 bytes and five float64 blocks of 512
    vectors (40 MB for d = 2048), or by the vectors of two subsets and these blocks if the subsets
    overlap little.

    Args:
        generated: Vectors of the samples, [n, d]; the computation runs on their device.
        real: Vectors of the real images, [n_real, d].
        subsets: Number of subsets, at least 1.
        subset_size: Number of vectors of each side in a subset, at least 2; all if there are fewer.
        seed: Seed of numpy's RandomState that draws the subsets, 0 to 2^32 - 1.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        UserError: A side has fewer than two vectors, the dimensions differ, or a value is not finite.

    Warns:
        DegenerateWarning: There are fewer vectors than `subset_size`, or all are equal.
    """
    check_sizes(real)
    x, y = check_vectors(generated, "generated vectors", real.shape[1]), real.to(generated.device)
    size = _size(len(x), len(y), subset_size)
    warn_of_copies(x, "generated vectors", "the kernel distance is that of a point")
    warn_of_copies(y, "real vectors", "the kernel distance is that to a point")
    x_rows, y_rows = _draw(len(x), len(y), subsets, size, seed, x.device)
    within = _pair_sums(x, x_rows, x, x_rows, True) + _pair_sums(y, y_rows, y, y_rows, True)
    between = _pair_sums(x, x_rows, y, y_rows, False)
    values = within / (size * (size - 1)) - 2 * between / size**2
    return KernelDistanceValue(values.mean().item(), values.std(correction=0).item())


class KernelDistance(Vectors):
    """Kernel distance of the vectors of all processes to fixed real vectors.

    Args:
        real: Vectors of the real images, [n_real, d]; not part of the metric's state.
        subsets: Number of subsets, at least 1.
        subset_size: Number of vectors of each side in a subset, at least 2.
        seed: Seed of the draw, 0 to 2^32 - 1.
    """

    higher_is_better = False

    @check_arguments
    def __init__(
        self,
        real: Tensor,
        subsets: Count = 100,
        subset_size: CountFromTwo = 1000,
        seed: Seed = 2020,
    ) -> None:
        check_sizes(real)
        super().__init__(real.shape[1])
        self.real, self.subsets, self.subset_size, self.seed = real, subsets, subset_size, seed

    def compute(self) -> KernelDistanceValue:  # type: ignore[override]
        """Compute the mean and standard deviation over the subsets; see `kernel_distance`."""
        return kernel_distance(
            super().compute(), self.real, self.subsets, self.subset_size, self.seed
        )


def check_sizes(real: Tensor) -> None:
    """Check the real vectors of a kernel distance.

    Raises:
        UserError: There are fewer than two real vectors, or a value is not finite.
    """
    check_vectors(real, "real vectors")
    if len(real) < 2:
        raise UserError(
            f"A kernel distance needs two real vectors, but there are {len(real)}: give more."
        )


def _size(n: int, n_real: int, subset_size: int) -> int:
    """Compute the number of vectors in a subset."""
    if n < 2:
        raise UserError(
            f"A kernel distance needs two generated vectors, but there are {n}: draw more samples."
        )
    size = min(n, n_real, subset_size)
    if size < subset_size:
        warn(
            f"There are {n:,} generated and {n_real:,} real vectors, fewer than {subset_size:,} for a "
            f"subset: the kernel distance uses subsets of {size:,}, and its ± means little."
        )
    return size


def _draw(
    n: int, n_real: int, subsets: int, size: int, seed: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Draw the rows of both sides in each subset, [subsets, size] twice, in torch-fidelity's order."""
    rng = np.random.RandomState(seed)
    rows = [
        [torch.from_numpy(rng.choice(m, size, replace=False)) for m in (n, n_real)]
        for _ in range(subsets)
    ]
    x_rows, y_rows = (torch.stack(side).to(device) for side in zip(*rows, strict=True))
    return x_rows, y_rows


def _pair_sums(x: Tensor, x_rows: Tensor, y: Tensor, y_rows: Tensor, within: bool) -> Tensor:
    """Sum k over all pairs of each subset, float64 [subsets]; within x, without pairs of equal index.

    If the subsets overlap so much that it costs less, each value of k is computed once for all.
    """
    subsets, size = x_rows.shape
    if len(x) * len(y) <= subsets * size**2:
        return _weighted_sums(x, _members(x_rows, len(x)), y, _members(y_rows, len(y)), within)
    one = torch.ones(1, size, dtype=torch.float64, device=x.device)
    sums = [
        _weighted_sums(x[i], one, y[j], one, within) for i, j in zip(x_rows, y_rows, strict=True)
    ]
    return torch.cat(sums)


def _members(rows: Tensor, n: int) -> Tensor:
    """Return 1 for each vector in a subset, else 0; float64 [subsets, n]."""
    zeros = torch.zeros(len(rows), n, dtype=torch.float64, device=rows.device)
    return zeros.scatter_(1, rows, 1.0)


def _weighted_sums(
    x: Tensor, x_weights: Tensor, y: Tensor, y_weights: Tensor, within: bool
) -> Tensor:
    """Compute the sum over i, j of x_weights_i k(x_i, y_j) y_weights_j, float64 [subsets], in blocks."""
    total = torch.zeros_like(x_weights[:, 0])
    for i in range(0, len(x), BLOCK):
        part, weights = x[i : i + BLOCK].double() / x.shape[1], x_weights[:, i : i + BLOCK]
        for j in range(i if within else 0, len(y), BLOCK):
            k = (part @ y[j : j + BLOCK].double().T).add_(1).pow_(3)
            if within and i == j:
                k.fill_diagonal_(0)
            sums = ((weights @ k) * y_weights[:, j : j + BLOCK]).sum(1)
            total += 2 * sums if within and i != j else sums  # k is symmetric
    return total
