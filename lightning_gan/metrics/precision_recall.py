"""Fidelity and diversity from nearest neighbours: precision, recall, density, coverage.

Precision and recall (Kynkäänniemi et al. 2019, eq. 1-2): the share of samples that lie in the
manifold of the real vectors, and the reverse. A manifold is the union of balls, one around each
vector, up to its k-th nearest other one, edge included. Density and coverage (Naeem et al. 2020,
eq. 3-4) count real balls: how many hold a sample, on average (over k; 1 for equal distributions,
more is possible), and the share that holds any sample. Their balls are open, as in the authors'
code. Higher is better for all.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Bytes, Count, check_arguments
from lightning_gan.metrics.degenerate import warn_of_copies
from lightning_gan.metrics.distances import Distances
from lightning_gan.metrics.kernel_density import float32_products
from lightning_gan.metrics.sample_metric import check_vectors
from lightning_gan.metrics.vectors import Vectors
from lightning_gan.utils.errors import UserError

BLOCK_BYTES = 128 << 20  # working memory


class PrecisionRecallValue(NamedTuple):
    """Shares, 0 to 1, but for the density, which may be more.

    Attributes:
        precision: share of samples in a closed ball of the real set.
        recall: share of real vectors in a closed ball of the samples.
        f_score: harmonic mean of both.
        density: open real balls that hold a sample, over k, mean over the samples.
        coverage: share of open real balls that hold a sample.
    """

    precision: float
    recall: float
    f_score: float
    density: float
    coverage: float


@check_arguments
@torch.no_grad()
def precision_recall(
    generated: Tensor,
    real: Tensor,
    k: Count = 3,
    k_density: Count = 5,
    max_bytes: Bytes = BLOCK_BYTES,
) -> PrecisionRecallValue:
    """Precision, recall, density and coverage of samples.

    Distances are float32, by matrix products, as in torch-fidelity: exact but where a distance
    equals a radius to seven digits. Autocast and reduced-precision products are switched off.

    Args:
        generated: vectors of the samples, [n, d], on any device; the work is done there.
        real: vectors of the real set, [n_real, d].
        k: which nearest neighbour bounds a ball of precision and recall, at least 1.
        k_density: the same for density and coverage, at least 1.
        max_bytes: bound on the memory for blocks of distances, comparisons, and the copies of vectors that they
            need, at least 1; one distance is computed at a time at least. Not in it: the vectors themselves, a copy
            of the real ones where they lie on another device, 4 (k + k_density + 6) bytes a vector, and what the
            device's library of matrix products takes (about 10 MB).

    Raises:
        ValueError: if there are not more real vectors than both k and more samples than k, d
            differs, or something is not finite.

    Warns:
        DegenerateWarning: if all vectors of a side are the same.

    Example:
        >>> line = torch.arange(8.0)[:, None]
        >>> precision_recall(line, line)
        PrecisionRecallValue(precision=1.0, recall=1.0, f_score=1.0, density=1.0, coverage=1.0)
    """
    check_neighbours(real, k, k_density)
    x, y = check_vectors(generated, "generated vectors", real.shape[1]), real
    if len(x) <= k:
        raise UserError(
            f"{len(x):,} generated vectors came, but each needs {k} neighbours: draw more samples."
        )
    points = "their balls are points, in which nothing lies but copies"
    warn_of_copies(x, "generated vectors", points)
    warn_of_copies(y, "real vectors", points)
    with float32_products(x.device):
        return _from_balls(x, y.to(x.device), k, k_density, max_bytes)


class PrecisionRecallMetric(Vectors):
    """Precision, recall, density and coverage over the samples of all processes.

    Args:
        real: vectors of the real set, [n_real, d], which are no state.
        k: which nearest neighbour bounds a ball of precision and recall, at least 1.
        k_density: the same for density and coverage, at least 1.
    """

    higher_is_better = True

    @check_arguments
    def __init__(self, real: Tensor, k: Count = 3, k_density: Count = 5) -> None:
        check_neighbours(real, k, k_density)
        super().__init__(real.shape[1])
        self.real, self.k, self.k_density = real, k, k_density

    def compute(self) -> PrecisionRecallValue:  # type: ignore[override]
        """Five numbers; see `precision_recall`."""
        return precision_recall(super().compute(), self.real, self.k, self.k_density)


def check_neighbours(real: Tensor, k: int, k_density: int) -> None:
    """Refuse a real set without k-th neighbours.

    Raises:
        ValueError: if a k is not less than the number of real vectors.
    """
    check_vectors(real, "real vectors")
    if len(real) <= max(k, k_density):
        raise UserError(
            f"{len(real):,} real vectors came for nearest neighbours {k} and {k_density}: give a k "
            f"of 1 or more, and more real vectors than that."
        )


def _from_balls(
    x: Tensor, y: Tensor, k: int, k_density: int, max_bytes: int
) -> PrecisionRecallValue:
    n, n_real = len(x), len(y)
    work = Distances(max(n, n_real), x.shape[1], max_bytes, x.device)
    (x_radius,) = _radii(x, [k], work)
    y_radius, y_open_radius = _radii(y, [k, k_density], work)
    inside = held = torch.zeros((), dtype=torch.int64, device=x.device)
    recalled, covered = torch.zeros(2, n_real, dtype=torch.bool, device=x.device)
    for part, radius in zip(x.split(work.side), x_radius.split(work.side), strict=True):
        work.begin(part)
        near = torch.zeros(len(part), dtype=torch.bool, device=x.device)
        for i in range(0, n_real, work.side):
            those = slice(i, i + work.side)
            distance, seen = work.to(y[those])
            near |= torch.le(distance, y_radius[those], out=seen).any(1)
            recalled[those] |= torch.le(distance, radius[:, None], out=seen).any(0)
            covered[those] |= torch.lt(distance, y_open_radius[those], out=seen).any(0)
            held = held + seen.count_nonzero()
        inside = inside + near.count_nonzero()
    precision, recall = int(inside) / n, int(recalled.count_nonzero()) / n_real
    return PrecisionRecallValue(
        precision,
        recall,
        2 * precision * recall / max(1e-5, precision + recall),
        int(held) / (k_density * n),
        int(covered.count_nonzero()) / n_real,
    )


def _radii(x: Tensor, ks: list[int], work: Distances) -> list[Tensor]:
    """Distance of each x to its k-th nearest other, [n] for each k."""
    most = max(ks) + 1  # a vector is among its own neighbours
    nearest = torch.empty(len(x), most, device=x.device)
    for i in range(0, len(x), work.side):
        part = x[i : i + work.side]
        work.begin(part)
        best = torch.empty(len(part), 0, device=x.device)
        for others in x.split(work.side):
            found = work.to(others)[0].topk(min(most, len(others)), largest=False).values
            both = torch.cat([best, found], dim=1)
            best = both.topk(min(most, both.shape[1]), largest=False).values
        nearest[i : i + work.side] = best
    return [nearest[:, k].contiguous() for k in ks]
