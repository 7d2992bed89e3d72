"""Indicators of mode collapse without labels: duplicate pairs, mean distance, and effective rank."""

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import jvp
from torch.nn.functional import pdist

from lightning_gan.arguments import NonNegative, PositiveShare, Share, Size, check_arguments
from lightning_gan.utils.errors import UserError


class CollapseIndicators(NamedTuple):
    """Ratios of samples to as many real images; 1 if both are alike, NaN if samples are not finite."""

    duplicate_ratio: float
    """Share of pairs within `duplicate_radius` among samples, divided by that of real data; >= 0."""
    distance_ratio: float
    """Mean distance of two samples, divided by that of real data; >= 0."""
    rank_ratio: float
    """Effective rank of the samples' covariance, divided by that of real data; >= 0."""


class CollapseReference:
    """Statistics of real data that samples are compared with.

    Args:
        data: Real data, [n, ...], n >= 2, as many as there will be samples, because nearest distances depend on n.
        quantile: Quantile of the nearest distances within the data, below which two samples are duplicates, above 0
            and at most 1.

    Raises:
        UserError: There are fewer than two images, or all are equal.
    """

    @check_arguments
    def __init__(self, data: Tensor, quantile: PositiveShare = 0.05) -> None:
        self.radius = duplicate_radius(data, quantile)
        self.distance, self.rank = mean_distance(data), covariance_rank(data)
        if not self.distance:
            raise UserError(
                f"All {len(data)} real images are equal: give data with at least two different images."
            )
        self.rate = duplicate_rate(data, self.radius)

    def indicators(self, samples: Tensor) -> CollapseIndicators:
        """Compute the indicators of samples, [n, ...]."""
        if not samples.isfinite().all():
            return CollapseIndicators(math.nan, math.nan, math.nan)
        return CollapseIndicators(
            duplicate_rate(samples, self.radius) / self.rate,
            mean_distance(samples) / self.distance,
            covariance_rank(samples) / self.rank,
        )


def nearest_distances(x: Tensor) -> Tensor:
    """Compute the Euclidean distance of each image to its nearest other one, [n, ...] to [n].

    Raises:
        UserError: There are fewer than two images.
    """
    pairs = pairwise_distances(x)
    square = torch.full((len(x), len(x)), math.inf).to(pairs)
    above = torch.triu_indices(len(x), len(x), offset=1)
    square[above[0], above[1]] = square[above[1], above[0]] = pairs
    return square.min(1).values


@check_arguments
def duplicate_radius(data: Tensor, quantile: PositiveShare = 0.05) -> float:
    """Compute the distance up to which two samples are duplicates: a small quantile of the data's nearest distances.

    Args:
        data: Real data, [n, ...], n >= 2.
        quantile: Quantile, above 0 and at most 1.

    Raises:
        UserError: There are fewer than two images.
    """
    # a distance that occurs, not an interpolated one: a pair of data is within it, so its rate is never zero
    return float(nearest_distances(data).quantile(quantile, interpolation="higher"))


@check_arguments
def duplicate_rate(x: Tensor, radius: NonNegative) -> float:
    """Compute the share of the n (n - 1) / 2 pairs whose distance is at most the radius, in [0, 1].

    Args:
        x: Images, [n, ...], n >= 2.
        radius: Radius from `duplicate_radius`, at least 0.

    Raises:
        UserError: There are fewer than two images.
    """
    return float((pairwise_distances(x) <= radius).double().mean())


@check_arguments
def support_size(rate: Share) -> float:
    """Estimate the support size from the rate of duplicate pairs; infinite for a rate of 0.

    Two draws from N equally frequent values are equal with probability 1 / N: the birthday paradox, by which Arora and
    Zhang (2017), "Do GANs actually learn the distribution?", bound the support of a generator. Values of unequal
    frequencies p_i count as 1 / sum p_i^2.

    Args:
        rate: Share of duplicate pairs, 0 to 1; from `duplicate_rate`.

    Example:
        >>> two_values = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
        >>> support_size(duplicate_rate(two_values, 0.5))  # 2 of 6 pairs; four draws overestimate two values
        3.0
    """
    return 1 / rate if rate else math.inf


def mean_distance(x: Tensor) -> float:
    """Compute the mean Euclidean distance over all pairs of [n, ...].

    Raises:
        UserError: There are fewer than two images.
    """
    return float(pairwise_distances(x).double().mean())


def total_variance(x: Tensor) -> float:
    """Compute the trace of the sample covariance of [n, ...], which is half the mean squared distance of pairs.

    Raises:
        UserError: There are fewer than two images.
    """
    return float(pairwise_distances(x).double().square().mean() / 2)


def effective_rank(values: Tensor) -> Tensor:
    """Compute the effective rank, exp of the entropy of normalized singular values (Roy and Vetterli 2007).

    It is 1 if one value is not zero, r if r values are equal and the others zero, and 0 if all are zero.

    Args:
        values: Singular values >= 0, [..., r].

    Returns:
        Effective ranks, [...], each 0 or in [1, r].
    """
    total = values.sum(-1, keepdim=True)
    share = values / torch.where(total > 0, total, 1)
    return torch.special.entr(share).sum(-1).exp() * (total.squeeze(-1) > 0)


def covariance_rank(x: Tensor) -> float:
    """Compute the effective rank of the sample covariance of [n, ...], at most n - 1 and the size of an image.

    Raises:
        UserError: There are fewer than two images.
    """
    _check(x)
    centred = x.flatten(1).double()
    centred = centred - centred.mean(0)
    wide = centred.shape[1] > len(x)
    # the smaller of the two matrices: they have the same eigenvalues except zeros
    gram = centred @ centred.T if wide else centred.T @ centred
    return float(effective_rank(torch.linalg.eigvalsh(gram).clamp(min=0)))


@check_arguments
def jacobian_ranks(
    generator: Callable[[Tensor], Tensor], z: Tensor, z_dim: Size | None = None
) -> Tensor:
    """Compute the effective rank of dG/dz at each z, in forward mode, all columns in one pass.

    Args:
        generator: Function from [m, width] to [m, ...] that maps each row independently: G in evaluation mode. It is
            called with m = n * z_dim rows.
        z: Noise, [n, width].
        z_dim: Number of leading columns that are noise, 1 to 2^20; the other columns are a fixed condition. None: all.

    Returns:
        Effective ranks, [n], each 0 or in [1, z_dim]; all NaN if a derivative is not finite.
    """
    n, width = z.shape
    free = torch.eye(width).to(z)[:z_dim]
    each, directions = z.repeat_interleave(len(free), 0), free.repeat(n, 1)
    with torch.no_grad(), warnings.catch_warnings():
        # torch warns at its first jvp; no_grad keeps no graph of the weights, and jvp still differentiates along z
        warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)
        columns = jvp(generator, (each,), (directions,))[1]
        # the transposed Jacobian has the same singular values
        jacobian = columns.reshape(n, len(free), -1).float()
        if not jacobian.isfinite().all():  # svdvals would fail
            return torch.full_like(jacobian[:, 0, 0], math.nan)
        return effective_rank(torch.linalg.svdvals(jacobian))


def pairwise_distances(x: Tensor) -> Tensor:
    """Compute the Euclidean distances of all pairs, [n, ...] to [n (n - 1) / 2].

    Raises:
        UserError: There are fewer than two images.
    """
    _check(x)
    # from differences: matrix products would lose the small distances, which matter here
    return pdist(x.flatten(1))


def _check(x: Tensor) -> None:
    if len(x) < 2:
        raise UserError(f"Pairs need 2 or more images, but there are {len(x)}: give more.")
