"""Does G map too many z to the same x? Three indicators without labels: duplicates, spread and rank."""

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
    """How samples compare with as many data; 1 where they are as the data are. NaN where samples are not finite."""

    duplicate_ratio: float
    """Times as often as pairs of data, pairs of samples lie within the radius of `duplicate_radius`; >= 0."""
    distance_ratio: float
    """Mean distance of a pair of samples over that of a pair of data; >= 0."""
    rank_ratio: float
    """Effective rank of the samples' covariance over that of the data's; >= 0."""


class CollapseReference:
    """What samples are compared with, computed once.

    Args:
        data: [n, ...], n >= 2, as many as there will be samples: nearest distances shrink as a batch grows.
        quantile: quantile of the nearest distances within data, below which two samples count as the same, above 0
            and at most 1.

    Raises:
        ValueError: if there are fewer than two examples, all of them are the same, or the quantile is outside (0, 1].
    """

    @check_arguments
    def __init__(self, data: Tensor, quantile: PositiveShare = 0.05) -> None:
        self.radius = duplicate_radius(data, quantile)
        self.distance, self.rank = mean_distance(data), covariance_rank(data)
        if not self.distance:
            raise UserError(
                f"All {len(data)} examples are the same: nothing can be compared with them."
            )
        self.rate = duplicate_rate(data, self.radius)

    def indicators(self, samples: Tensor) -> CollapseIndicators:
        """Of samples, [n, ...], in the units of the data."""
        if not samples.isfinite().all():
            return CollapseIndicators(math.nan, math.nan, math.nan)
        return CollapseIndicators(
            duplicate_rate(samples, self.radius) / self.rate,
            mean_distance(samples) / self.distance,
            covariance_rank(samples) / self.rank,
        )


def nearest_distances(x: Tensor) -> Tensor:
    """Euclidean distance of each example to its nearest other one: [n, ...] to [n].

    Raises:
        ValueError: if there are fewer than two.
    """
    pairs = pairwise_distances(x)
    square = torch.full((len(x), len(x)), math.inf).to(pairs)
    above = torch.triu_indices(len(x), len(x), offset=1)
    square[above[0], above[1]] = square[above[1], above[0]] = pairs
    return square.min(1).values


@check_arguments
def duplicate_radius(data: Tensor, quantile: PositiveShare = 0.05) -> float:
    """Distance up to which two samples count as the same: a small quantile of nearest distances within data.

    Args:
        data: [n, ...], n >= 2.
        quantile: share of the data, above 0 and at most 1.

    Raises:
        ValueError: if there are fewer than two examples.
    """
    # one of the distances, not a value between two: some pair of data is within it, so their rate is never zero
    return float(nearest_distances(data).quantile(quantile, interpolation="higher"))


@check_arguments
def duplicate_rate(x: Tensor, radius: NonNegative) -> float:
    """Share of the n (n - 1) / 2 pairs that are not farther apart than the radius, in [0, 1].

    Args:
        x: [n, ...], n >= 2.
        radius: from `duplicate_radius`, at least 0.

    Raises:
        ValueError: if there are fewer than two.
    """
    return float((pairwise_distances(x) <= radius).double().mean())


@check_arguments
def support_size(rate: Share) -> float:
    """Number of equally frequent values of which two draws coincide at this rate; infinite if none did.

    Two draws from N such values are equal with probability 1 / N: the birthday paradox, by which Arora and Zhang
    (2017), "Do GANs actually learn the distribution?", bound the support of a generator. Values of unequal
    frequencies p_i count as 1 / sum p_i^2.

    Args:
        rate: share of pairs that coincide, 0 to 1; from `duplicate_rate`.

    Example:
        >>> two_values = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
        >>> support_size(duplicate_rate(two_values, 0.5))  # 2 of 6 pairs: more than two values, for lack of draws
        3.0
    """
    return 1 / rate if rate else math.inf


def mean_distance(x: Tensor) -> float:
    """Mean Euclidean distance over all pairs of [n, ...].

    Raises:
        ValueError: if there are fewer than two.
    """
    return float(pairwise_distances(x).double().mean())


def total_variance(x: Tensor) -> float:
    """Trace of the sample covariance of [n, ...], which is half the mean squared distance over all pairs.

    Raises:
        ValueError: if there are fewer than two.
    """
    return float(pairwise_distances(x).double().square().mean() / 2)


def effective_rank(values: Tensor) -> Tensor:
    """Exp of the entropy of singular values divided by their sum: Roy and Vetterli (2007).

    1 where one of them carries everything, r where r of them are equal and the others zero, whatever their scale;
    0 where all are zero.

    Args:
        values: singular values >= 0, [..., r].

    Returns:
        [...], each 0 or in [1, r].
    """
    total = values.sum(-1, keepdim=True)
    share = values / torch.where(total > 0, total, 1)
    return torch.special.entr(share).sum(-1).exp() * (total.squeeze(-1) > 0)


def covariance_rank(x: Tensor) -> float:
    """Effective rank of the sample covariance of [n, ...]: at most n - 1, and the size of an example.

    Raises:
        ValueError: if there are fewer than two.
    """
    _check(x)
    centred = x.flatten(1).double()
    centred = centred - centred.mean(0)
    wide = centred.shape[1] > len(x)
    # the smaller of the two: but for zeros, they have the same eigenvalues
    gram = centred @ centred.T if wide else centred.T @ centred
    return float(effective_rank(torch.linalg.eigvalsh(gram).clamp(min=0)))


@check_arguments
def jacobian_ranks(
    generator: Callable[[Tensor], Tensor], z: Tensor, z_dim: Size | None = None
) -> Tensor:
    """Effective rank of dG/dz at each z, in forward mode, all columns in one pass.

    NaN where a derivative is not finite.

    Args:
        generator: [m, width] to [m, ...], each sample a function of its own z alone: G in evaluation mode. It is
            given m = n * z_dim at once.
        z: [n, width].
        z_dim: how many of the first columns are z, 1 to 2^20; what stands behind is a condition, and stays. None:
            all.

    Returns:
        [n], each 0 or in [1, z_dim].
    """
    n, width = z.shape
    free = torch.eye(width).to(z)[:z_dim]
    each, directions = z.repeat_interleave(len(free), 0), free.repeat(n, 1)
    with torch.no_grad(), warnings.catch_warnings():
        # torch's own, at the first jvp. No graph of the weights is kept; along z, jvp differentiates all the same
        warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)
        columns = jvp(generator, (each,), (directions,))[1]
        # transposed, which has the same singular values
        jacobian = columns.reshape(n, len(free), -1).float()
        if not jacobian.isfinite().all():  # of which there are no singular values
            return torch.full_like(jacobian[:, 0, 0], math.nan)
        return effective_rank(torch.linalg.svdvals(jacobian))


def pairwise_distances(x: Tensor) -> Tensor:
    """Euclidean distances of all pairs: [n, ...] to [n (n - 1) / 2].

    Raises:
        ValueError: if there are fewer than two.
    """
    _check(x)
    # by differences: products of matrices would lose the small distances, which matter here
    return pdist(x.flatten(1))


def _check(x: Tensor) -> None:
    if len(x) < 2:
        raise UserError(f"{len(x)} examples came, but pairs are compared: give 2 or more.")
