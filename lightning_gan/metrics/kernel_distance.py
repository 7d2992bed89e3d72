"""Kernel distance: with Inception's vectors, KID (Bińkowski et al. 2018).

The unbiased estimate of squared maximum mean discrepancy under k(x, y) = (x·y / d + 1)^3, over
random subsets. It is about 0 for equal distributions, can be slightly negative, and lower is better.
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

BLOCK = 512  # vectors of each side whose kernel values are held at a time


class KernelDistanceValue(NamedTuple):
    """Mean and population standard deviation over the subsets, which is no standard error."""

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
    """Unbiased squared MMD under the cubic kernel, over the subsets that torch-fidelity draws.

    All in float64. torch-fidelity computes in the dtype of the vectors; in float32 its value for
    2,048 dimensions was up to 2e-7 off (measured): of near-equal sets, with a value of 2e-5, that
    were 2e-4 of it. Beside the vectors, memory is bounded by subsets (n + n_real) 8 bytes and five
    float64 blocks of 512 vectors (40 MB for d = 2048); by the vectors of two subsets, and these
    blocks, where the subsets overlap little.

    Args:
        generated: vectors of the samples, [n, d], on any device; the work is done there.
        real: vectors of the real set, [n_real, d].
        subsets: how many, at least 1.
        subset_size: vectors of each side in a subset, at least 2; all, where there are fewer.
        seed: of numpy's RandomState that draws the subsets, 0 to 2^32 - 1.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        ValueError: if a side has fewer than two vectors, d differs, or something is not finite.

    Warns:
        DegenerateWarning: if there are fewer vectors than subset_size, or they are all the same.
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
    """Kernel distance of the vectors of all processes to real ones, which are no state.

    Args:
        real: vectors of the real set, [n_real, d].
        subsets: how many, at least 1.
        subset_size: vectors of each side in a subset, at least 2.
        seed: of the draw, 0 to 2^32 - 1.
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
        """Mean and deviation over the subsets; see `kernel_distance`."""
        return kernel_distance(
            super().compute(), self.real, self.subsets, self.subset_size, self.seed
        )


def check_sizes(real: Tensor) -> None:
    """Refuse what no sample could be compared with.

    Raises:
        ValueError: if there are fewer than two real vectors.
    """
    check_vectors(real, "real vectors")
    if len(real) < 2:
        raise UserError(f"{len(real)} real vectors came for a kernel distance: give two or more.")


def _size(n: int, n_real: int, subset_size: int) -> int:
    """Vectors a subset."""
    if n < 2:
        raise UserError(
            f"{n} generated vectors came for a kernel distance: draw at least two samples."
        )
    size = min(n, n_real, subset_size)
    if size < subset_size:
        warn(
            f"{n:,} generated and {n_real:,} real vectors came, fewer than a subset's "
            f"{subset_size:,}: the kernel distance takes subsets of {size:,}, and its ± means little."
        )
    return size


def _draw(
    n: int, n_real: int, subsets: int, size: int, seed: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Rows of both sides in each subset, [subsets, size] twice, in torch-fidelity's order."""
    rng = np.random.RandomState(seed)
    rows = [
        [torch.from_numpy(rng.choice(m, size, replace=False)) for m in (n, n_real)]
        for _ in range(subsets)
    ]
    x_rows, y_rows = (torch.stack(side).to(device) for side in zip(*rows, strict=True))
    return x_rows, y_rows


def _pair_sums(x: Tensor, x_rows: Tensor, y: Tensor, y_rows: Tensor, within: bool) -> Tensor:
    """Sum of k over all pairs of each subset, float64 [subsets]; within x, no vector with itself.

    Where the subsets overlap so much that it costs less, each value of k is computed once and
    counted in all of them.
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
    """1 where a vector is in a subset, else 0; float64 [subsets, n]."""
    zeros = torch.zeros(len(rows), n, dtype=torch.float64, device=rows.device)
    return zeros.scatter_(1, rows, 1.0)


def _weighted_sums(
    x: Tensor, x_weights: Tensor, y: Tensor, y_weights: Tensor, within: bool
) -> Tensor:
    """Sum over i, j of x_weights_i k(x_i, y_j) y_weights_j, float64 [subsets], in blocks."""
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
