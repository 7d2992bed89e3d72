"""Section 4 of Goodfellow et al. (2014) for known densities: D*, V(D, G), C(G) and the Jensen-Shannon divergence.

Densities are given as natural logarithms at the points of a `QuadratureGrid`; values and divergences are in nats. A
grid is a set of points with weights, so that an integral is a weighted sum: an interval, a rectangle, or the states
of a finite space. In shapes [..., n], n is the number of grid points and the leading dimensions hold many densities.
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

MASS = 1e-6  # tolerance of a density's integral, which must be 1


class Integral(NamedTuple):
    """Integral over a grid, with an error estimate."""

    value: Tensor
    """Integrals, [...], differentiable."""
    error: float
    """Largest difference from the same rule on every other point; above the true error if the rule converges."""


@dataclass(frozen=True)
class QuadratureGrid:
    """Points and weights of a quadrature rule.

    Args:
        points: Points, [n, d], float64.
        weights: Weight of each point, [n].
        coarse: Weights of the same rule on every other point in each direction, [n]; 0 elsewhere.
    """

    points: Tensor
    weights: Tensor
    coarse: Tensor

    def integrate(self, values: Tensor) -> Integral:
        """Integrate functions given by their values at the points, [..., n]."""
        fine = (self.weights * values).sum(-1)
        return Integral(fine, (fine - (self.coarse * values).sum(-1)).abs().max().item())

    def compute_log_density(self, density: Distribution) -> Tensor:
        """Compute log p at the points, [n]; events of the density have shape [d], or [] if d is 1."""
        points = self.points if density.event_shape else self.points.squeeze(1)
        return density.log_prob(points)


def make_interval(low: float, high: float, n: int = 2001) -> QuadratureGrid:
    """Return n points from low to high with the weights of the trapezoid rule.

    For smooth densities that vanish before the ends, the error decreases faster than any power of the step.

    Raises:
        ValueError: If n is even or below 5, or the interval is empty.
    """
    return make_rectangle([low], [high], n)


def make_rectangle(low: Sequence[float], high: Sequence[float], n: int = 401) -> QuadratureGrid:
    """Return n points along each side of a rectangle or interval with the weights of the trapezoid rule.

    Args:
        low: Lower ends of the one or two sides.
        high: Upper ends of the sides.
        n: Number of points per side, odd and at least 5.

    Raises:
        ValueError: If n is even or below 5, or the rectangle is empty.
    """
    if n < 5 or n % 2 == 0 or any(a >= b for a, b in zip(low, high, strict=True)):
        raise UserError(
            f"The grid has {n} points from {list(low)} to {list(high)}: give an odd number, 5 or more, and low below "
            f"high."
        )
    sides = [torch.linspace(a, b, n, dtype=torch.float64) for a, b in zip(low, high, strict=True)]
    fine = [_trapezoid(n, (b - a) / (n - 1)) for a, b in zip(low, high, strict=True)]
    coarse = [_every_other(n, 2 * (b - a) / (n - 1)) for a, b in zip(low, high, strict=True)]
    points = torch.cartesian_prod(*sides).view(-1, len(sides))
    return QuadratureGrid(points, _product(fine), _product(coarse))


def make_states(n: int) -> QuadratureGrid:
    """Return n states of a finite space, numbered from 0, each of weight 1; integrals are exact sums."""
    ones = torch.ones(n, dtype=torch.float64)
    return QuadratureGrid(torch.arange(n, dtype=torch.float64)[:, None], ones, ones)


def compute_optimal_logits(log_data: Tensor, log_g: Tensor) -> Tensor:
    """Compute the logits of D*, log p_data(x) - log p_g(x); exact where both densities underflow.

    The result is +-inf where one density is 0, and NaN where both are, because D* "does not need to be defined" there.
    """
    return log_data - log_g


def compute_optimal_discriminator(log_data: Tensor, log_g: Tensor) -> Tensor:
    """Compute D*(x) = p_data(x) / (p_data(x) + p_g(x)), in [0, 1] (Proposition 1, equation 2).

    Example:
        >>> compute_optimal_discriminator(torch.tensor([0.3]).log(), torch.tensor([0.1]).log())
        tensor([0.7500])
    """
    return compute_optimal_logits(log_data, log_g).sigmoid()


def compute_value(
    logits: Tensor, log_data: Tensor, log_g: Tensor, grid: QuadratureGrid
) -> Integral:
    """Compute V(D, G) = E_data[log D(x)] + E_g[log(1 - D(x))] in nats for any D (equation 1).

    Args:
        logits: D's outputs at the grid points before the sigmoid, [..., n].
        log_data: Logarithm of p_data, [..., n].
        log_g: Logarithm of p_g, [..., n].
        grid: Grid of n points.

    Raises:
        ValueError: If a density's integral over the grid is not 1.
    """
    _check(log_data, log_g, grid)
    return _value(logits, log_data, log_g, grid)


def compute_criterion(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    """Compute C(G) = max_D V(D, G) = V(D*, G) in nats (equation 4); its minimum -log 4 is at p_g = p_data (Theorem 1).

    Raises:
        ValueError: If a density's integral over the grid is not 1.
    """
    _check(log_data, log_g, grid)
    return _value(compute_optimal_logits(log_data, log_g), log_data, log_g, grid)


def compute_jensen_shannon(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    """Compute JSD(p_data || p_g) in nats, from 0 (equal) to log 2 (disjoint supports).

    It is the mean of the KL divergences of both densities from their average (section 4.1, between equations 5 and 6).

    Raises:
        ValueError: If a density's integral over the grid is not 1.
    """
    _check(log_data, log_g, grid)
    average = torch.logaddexp(log_data.double(), log_g.double()) - math.log(2)
    both = _expected(log_data, log_data - average) + _expected(log_g, log_g - average)
    total = grid.integrate(both)
    return Integral(total.value / 2, total.error / 2)


def compute_total_variation(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Tensor:
    """Compute half the integral of |p_data - p_g|, from 0 (equal) to 1 (disjoint supports)."""
    return grid.integrate((log_data.double().exp() - log_g.double().exp()).abs()).value / 2


def _value(logits: Tensor, log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> Integral:
    logits = logits.double()
    real, fake = _expected(log_data, logsigmoid(logits)), _expected(log_g, logsigmoid(-logits))
    return grid.integrate(real + fake)


def _expected(log_p: Tensor, values: Tensor) -> Tensor:
    """Return p times the values, and 0 where p is 0, whatever the value there."""
    log_p = log_p.double()
    positive = log_p > -torch.inf
    # both branches of `where` get a gradient, so the branch that is not taken must be finite
    return torch.where(positive, log_p.exp() * torch.where(positive, values.double(), 0.0), 0.0)


def _check(log_data: Tensor, log_g: Tensor, grid: QuadratureGrid) -> None:
    for name, log_p in (("p_data", log_data), ("p_g", log_g)):
        if log_p.shape[-1:] != grid.weights.shape:
            raise UserError(
                f"log {name} has shape {list(log_p.shape)}: its last dimension must be the grid's {len(grid.weights)}."
            )
        masses = grid.integrate(log_p.detach().double().exp()).value.flatten()
        mass = masses[(masses - 1).abs().argmax()].item()  # a NaN counts as the largest
        if not abs(mass - 1) <= MASS:
            raise UserError(
                f"On this grid {name} has the mass {mass:.7f} instead of 1 (tolerance {MASS:g}): use a wider grid, or "
                f"a finer one if the density is narrow."
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
