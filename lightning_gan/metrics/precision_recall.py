"""Fidelity and diversity from nearest neighbours: precision, recall, density, coverage.

Precision (Kynkäänniemi et al. 2019, eq. 1-2) is the share of samples in the manifold of the real
vectors; recall is the reverse. The manifold is the union of closed balls around all vectors, with
the distance to the k-th nearest other vector as radius. Density (Naeem et al. 2020, eq. 3) is the
mean number of real balls that contain a sample, divided by k: 1 for equal distributions, and more is
possible. Coverage (eq. 4) is the share of real balls that contain a sample. Their balls are open, as
in the authors' code. Higher is better for all.
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

BLOCK_BYTES = 128 << 20


class PrecisionRecallValue(NamedTuple):
    """Precision, recall, density and coverage; all in [0, 1] except the density, which may be larger.

    Attributes:
        precision: Share of samples in a closed ball of a real vector.
        recall: Share of real vectors in a closed ball of a sample.
        f_score: Harmonic mean of precision and recall.
        density: Mean number of open real balls that contain a sample, divided by k.
        coverage: Share of open real balls that contain a sample.
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
    """Compute precision, recall, density and coverage of samples.

    Distances are float32 from matrix products, as in torch-fidelity: the counts are exact unless a
    distance equals a radius to seven digits. Autocast and reduced-precision products are disabled.

    Args:
        generated: Vectors of the samples, [n, d]; the computation runs on their device.
        real: Vectors of the real images, [n_real, d].
        k: Rank of the neighbour that bounds a ball, for precision and recall, at least 1.
        k_density: Rank of the neighbour that bounds a ball, for density and coverage, at least 1.
        max_bytes: Bound on the memory for blocks of distances, comparisons and copies of vectors, at least 1; a block
            has at least one distance. The vectors, a copy of the real ones on another device, 4 (k + k_density + 6)
            bytes for each vector, and the buffers of the matrix library (about 10 MB) are not included.

    Raises:
        UserError: There are not more real vectors than k and k_density or not more samples than k, the dimensions
            differ, or a value is not finite.

    Warns:
        DegenerateWarning: All vectors of a side are equal.

    Example:
        >>> line = torch.arange(8.0)[:, None]
        >>> precision_recall(line, line)
        PrecisionRecallValue(precision=1.0, recall=1.0, f_score=1.0, density=1.0, coverage=1.0)
    """
    check_neighbours(real, k, k_density)
    x, y = check_vectors(generated, "generated vectors", real.shape[1]), real
    if len(x) <= k:
        raise UserError(
            f"Each generated vector needs {k} neighbours, but there are {len(x):,} vectors: draw more samples."
        )
    points = "their balls are points, which contain only copies"
    warn_of_copies(x, "generated vectors", points)
    warn_of_copies(y, "real vectors", points)
    with float32_products(x.device):
        return _from_balls(x, y.to(x.device), k, k_density, max_bytes)


class AccumulatedPrecisionRecall(Vectors):
    """Precision, recall, density and coverage over the samples of all processes.

    Args:
        real: Vectors of the real images, [n_real, d]; not part of the metric's state.
        k: Rank of the neighbour that bounds a ball, for precision and recall, at least 1.
        k_density: Rank of the neighbour that bounds a ball, for density and coverage, at least 1.
    """

    higher_is_better = True

    @check_arguments
    def __init__(self, real: Tensor, k: Count = 3, k_density: Count = 5) -> None:
        check_neighbours(real, k, k_density)
        super().__init__(real.shape[1])
        self.real, self.k, self.k_density = real, k, k_density

    def compute(self) -> PrecisionRecallValue:  # type: ignore[override]
        """Compute the five values; see `precision_recall`."""
        return precision_recall(super().compute(), self.real, self.k, self.k_density)


def check_neighbours(real: Tensor, k: int, k_density: int) -> None:
    """Check that every real vector has its k-th neighbours.

    Raises:
        UserError: k or k_density is not less than the number of real vectors.
    """
    check_vectors(real, "real vectors")
    if len(real) <= max(k, k_density):
        raise UserError(
            f"Nearest neighbours {k} and {k_density} need more real vectors than {len(real):,}: give "
            f"more real images, or a smaller k."
        )


def _from_balls(
    x: Tensor, y: Tensor, k: int, k_density: int, max_bytes: int
) -> PrecisionRecallValue:
    n, n_real = len(x), len(y)
    work = Distances(max(n, n_real), x.shape[1], max_bytes, x.device)
    (x_radius,) = _radii(x, [k], work)
    y_radius, y_open_radius = _radii(y, [k, k_density], work)
    inside = contained = torch.zeros((), dtype=torch.int64, device=x.device)
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
            contained = contained + seen.count_nonzero()
        inside = inside + near.count_nonzero()
    precision, recall = int(inside) / n, int(recalled.count_nonzero()) / n_real
    return PrecisionRecallValue(
        precision,
        recall,
        2 * precision * recall / max(1e-5, precision + recall),
        int(contained) / (k_density * n),
        int(covered.count_nonzero()) / n_real,
    )


def _radii(x: Tensor, ks: list[int], work: Distances) -> list[Tensor]:
    """Compute the distance of each x to its k-th nearest other vector, [n] for each k."""
    most = max(ks) + 1  # a vector is its own nearest neighbour
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
