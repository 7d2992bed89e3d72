"""Section 4 in numbers: D*, V(D, G), C(G) and the Jensen-Shannon divergence, where both densities are known.

Densities come as natural logs at the points of a `QuadratureGrid`; values and divergences go out
in nats. A grid is any set of
points with weights, so that an integral is a weighted sum: an interval, a rectangle, or the states of a finite space.
Many densities at once are rows: where [..., n] is written, n are the grid's points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.nn.functional import logsigmoid

from lightning_gan.utils.errors import UserError

MASS = 1e-6  # the most by which a density's integral may differ from 1


class Integral(NamedTuple):
    """What a sum over a grid gives."""

    value: Tensor
    """[...], with its graph."""
    error: float
    """Largest difference from the same rule on every other point: above the true error wherever the rule converges."""


@dataclass(frozen=True)
class QuadratureGrid:
    """Points and what each of them weighs.

    Args:
        points: [n, d], float64.
        weights: [n].
        coarse: [n]: weights of the same rule on every other point in each direction, 0 elsewhere.
    """

    points: Tensor
    weights: Tensor
    coarse: Tensor

    def integral(self, values: Tensor) -> Integral:
        """Of a function given by its values at the points, [..., n]."""
        fine = (self.weights * values).sum(-1)
        return Integral(fine, (fine - (self.coarse * values).sum(-1)).abs().max().item())

    def log_density(self, density: Distribution) -> Tensor:
        """Log p at the points, [n]; events of the density have shape [d], or [] on the line."""
        points = self.points if density.event_shape else self.points.squeeze(1)
        return density.log_prob(points)


def make_interval(low: float, high: float, n: int = 2001) -> QuadratureGrid:
    """N points from low to high, weighed by the trapezoid rule.

    For smooth densities that are over before the ends, its error falls faster than any power of the step.

    Raises:
        ValueError: if n is even or below 5, or the interval is empty.
    """
    return make_rectangle([low], [high], n)


def make_rectangle(low: Sequence[float], high: Sequence[float], n: int = 401) -> QuadratureGrid:
    """N points along each side of a rectangle (of an interval, in one dimension), weighed by the trapezoid rule.

    Raises:
        ValueError: if n is even or below 5, or the rectangle is empty.
    """
    if n < 5 or n % 2 == 0 or any(a >= b for a, b in zip(low, high, strict=True)):
        raise UserError(
            f"A grid of {n} points from {list(low)} to {list(high)}: want an odd number, 5 or more, and low below high."
        )
    sides = [torch.linspace(a, b, n, dtype=torch.float64) for a, b in zip(low, high, strict=True)]
    fine = [_trapezoid(n, (b - a) / (n - 1)) for a, b in zip(low, high, strict=True)]
    coarse = [_every_other(n, 2 * (b - a) / (n - 1)) for a, b in zip(low, high, strict=True)]
    points = torch.cartesian_prod(*sides).view(-1, len(sides))
    return QuadratureGrid(points, _product(fine), _product(coarse))


def make_states(n: int) -> QuadratureGrid:
    """N states of a finite space, numbered from 0: sums are exact."""
    ones = torch.ones(n, dtype=torch.float64)
    return QuadratureGrid(torch.arange(n, dtype=torch.float64)[:, None], ones, ones)


def optimal_score(log_data: Tensor, log_g: Tensor) -> Tensor:
    """Log p_data(x) - log p_g(x): what D* says before its sigmoid; exact where both densities underflow.

    +-inf where one of them has no mass; NaN where neither has, because D* "does not need to be defined" there.
    """
    return log_data - log_g


def optimal_discriminator(log_data: Tensor, log_g: Tensor) -> Tensor:
    """D*(x) = p_data(x) / (p_data(x) + p_g(x)), in [0, 1]: Proposition 1, equation 2.

    Example:
        >>> optimal_discriminator(torch.tensor([0.3]).log(), torch.tensor([0.1]).log())
        tensor([0.7500])
    """
    return optimal_score(log_data, log_g).sigmoid()


def value(scores: Tensor, log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    """V(D, G) of equation 1 in nats, for any D: E_data[log D(x)] + E_g[log(1 - D(x))].

    Args:
        scores: of D at the grid's points, [..., n], before the sigmoid.
        log_data: log p_data, [..., n].
        log_g: log p_g, [..., n].
        grid: of n points.

    Raises:
        ValueError: if the grid misses mass of a density.
    """
    _check(log_data, log_g, grid)
    return _value(scores, log_data, log_g, grid)


def criterion(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    """C(G) = max_D V(D, G) = V(D*, G), in nats: equation 4. At its least, -log 4, p_g is p_data (Theorem 1).

    Raises:
        ValueError: if the grid misses mass of a density.
    """
    _check(log_data, log_g, grid)
    return _value(optimal_score(log_data, log_g), log_data, log_g, grid)


def jensen_shannon(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    """JSD(p_data || p_g) in nats, from 0 (equal) to log 2 (no common support).

    The mean of the KL divergences of both densities from their average (section 4.1, between equations 5 and 6).

    Raises:
        ValueError: if the grid misses mass of a density.
    """
    _check(log_data, log_g, grid)
    average = torch.logaddexp(log_data.double(), log_g.double()) - math.log(2)
    both = _expected(log_data, log_data - average) + _expected(log_g, log_g - average)
    total = grid.integral(both)
    return Integral(total.value / 2, total.error / 2)


def total_variation(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Tensor:
    """Half the integral of |p_data - p_g|: 0 where they are equal, 1 where they have no common support."""
    return grid.integral((log_data.double().exp() - log_g.double().exp()).abs()).value / 2


def _value(scores: Tensor, log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    scores = scores.double()
    real, fake = _expected(log_data, logsigmoid(scores)), _expected(log_g, logsigmoid(-scores))
    return grid.integral(real + fake)


def _expected(log_p: Tensor, values: Tensor) -> Tensor:
    """P times values, and 0 where p is 0, whatever the value there."""
    log_p = log_p.double()
    met = log_p > -torch.inf
    # Both branches of `where` get a gradient: the one that is not taken must stay finite.
    return torch.where(met, log_p.exp() * torch.where(met, values.double(), 0.0), 0.0)


def _check(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> None:
    for name, log_p in (("p_data", log_data), ("p_g", log_g)):
        if log_p.shape[-1:] != grid.weights.shape:
            raise UserError(
                f"log {name} has shape {list(log_p.shape)}: its last side has to be the grid's {len(grid.weights)}."
            )
        masses = grid.integral(log_p.detach().double().exp()).value.flatten()
        mass = masses[(masses - 1).abs().argmax()].item()  # a NaN counts as the largest
        if not abs(mass - 1) <= MASS:
            raise UserError(
                f"On this grid {name} has the mass {mass:.7f}, and 1 is wanted to {MASS:g}: take a wider grid, or a "
                f"finer one if the density is narrow."
            )


def _trapezoid(n: int, step: float) -> Tensor:
    weights = torch.full((n,), step, dtype=torch.float64)
    weights[[0, -1]] /= 2
    return weights


def _every_other(n: int, step: float) -> Tensor:
    weights = torch.zeros(n, dtype=torch.float64)
    weights[::2] = _trapezoid((n + 1) // 2, step)
    return weights


def _product(sides: Sequence[Tensor]) -> Tensor:
    return sides[0] if len(sides) == 1 else torch.outer(sides[0], sides[1]).flatten()
