"""Density p_g(x) of generators with one noise variable and one output variable.

A GAN has no explicit p_g(x) (Goodfellow et al. 2014, section 6). In one dimension, if G is strictly monotone,
p_g(x) = p_z(z) / |G'(z)| at x = G(z). Otherwise p_g is estimated from samples. With fewer noise variables than values
in x, p_g has no density: see `compute_jacobian_rank`.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from lightning_gan.utils.errors import UserError

SAMPLES = 100_000  # of an estimate
EDGE = 1e-7  # mass of p_z that is left out at each end, where a Gaussian has infinite quantiles


class GeneratorDensity(NamedTuple):
    """Density p_g at points in one dimension."""

    x: Tensor
    """Points, [n], float64, ascending."""
    p: Tensor
    """Density at the points, [n]; outside the points it is 0."""
    weights: Tensor
    """Quadrature weight of each point, [n]."""
    how: str
    """Method in words: change of variables, or samples with their number and the width of the kernel."""

    def at(self, x: Tensor) -> Tensor:
        """Return p_g at other points, [m], by linear interpolation."""
        right = torch.searchsorted(self.x, x).clamp(1, len(self.x) - 1)
        x0, x1, p0, p1 = self.x[right - 1], self.x[right], self.p[right - 1], self.p[right]
        between = p0 + (p1 - p0) * (x - x0) / (x1 - x0).clamp(min=torch.finfo(x0.dtype).tiny)
        return torch.where((x < self.x[0]) | (x > self.x[-1]), 0.0, between)


def compute_generator_density(
    generator: nn.Module, p_z: Distribution, n: int = 4001
) -> GeneratorDensity:
    """Compute p_g by change of variables if G is monotone on a grid of z, and from samples otherwise.

    Args:
        generator: Generator from [m, 1] to [m, 1].
        p_z: One-dimensional distribution of the noise, with a quantile function (`icdf`).
        n: Number of grid points.

    Raises:
        ValueError: If G's output is not one value, or p_z has no quantile function.
    """
    exact = compute_by_change_of_variables(generator, p_z, n)
    if exact is not None:
        return exact
    middle = (torch.arange(SAMPLES, dtype=torch.float64) + 0.5) / SAMPLES
    with torch.no_grad():
        x = _generate(_to_float64(generator), _compute_quantiles(p_z, middle))
    return estimate_by_samples(x, "of G at even quantiles of p_z")


def compute_by_change_of_variables(
    generator: nn.Module, p_z: Distribution, n: int = 4001
) -> GeneratorDensity | None:
    """Compute p_g(G(z)) = p_z(z) / |G'(z)| in float64, with G' by autograd.

    The points are G of an even grid of z between the outer quantiles of p_z, so they are dense where G is flat. Their
    weights are |G'(z)| dz, so that p_g and p_z have the same integral.

    Args:
        generator: Generator from [m, 1] to [m, 1].
        p_z: One-dimensional distribution of the noise, with a quantile function (`icdf`).
        n: Number of grid points.

    Returns:
        The density, or None if G is not strictly monotone on the grid.

    Raises:
        ValueError: If G's output is not one value, or p_z has no quantile function.
    """
    ends = torch.tensor([EDGE, 1 - EDGE], dtype=torch.float64)
    low, high = _compute_quantiles(p_z, ends).tolist()
    z = torch.linspace(low, high, n, dtype=torch.float64, requires_grad=True)
    x = _generate(_to_float64(generator), z)
    (slope,) = torch.autograd.grad(x.sum(), z)
    x = x.detach()
    sign = slope[0].sign()
    if not bool((slope * sign > 0).all() and (x.diff() * sign > 0).all()):
        return None
    step = torch.full_like(slope, (high - low) / (n - 1))
    step[[0, -1]] /= 2
    p = p_z.log_prob(z.detach()).exp() / slope.abs()
    how = f"change of variables at {n:,} points"
    ordered = slice(None) if sign > 0 else torch.arange(n - 1, -1, -1)
    return GeneratorDensity(x[ordered], p[ordered], (step * slope.abs())[ordered], how)


def estimate_by_samples(x: Tensor, drawn: str = "of G") -> GeneratorDensity:
    """Estimate a density from samples with Gaussian kernels of Silverman's bandwidth, 0.9 min(s, IQR / 1.34) n^(-1/5).

    Samples are counted in bins of an eighth of the bandwidth. The estimate blurs peaks narrower than the bandwidth and
    moves mass across the edges of the support.

    Args:
        x: Samples, [n].
        drawn: Origin of the samples, for the description of the method.

    Raises:
        ValueError: If all samples are equal.
    """
    x = x.double()
    quarters = torch.quantile(x, torch.tensor([0.25, 0.75], dtype=x.dtype))
    spread = (quarters[1] - quarters[0]).item() / 1.34 or x.std().item()
    width = 0.9 * min(x.std().item(), spread) * len(x) ** -0.2
    if not width > 0:
        raise UserError(
            f"All {len(x):,} samples of G are {x[0].item():g}, so p_g has no density: initialize G with other weights."
        )
    low, high = x.min().item() - 5 * width, x.max().item() + 5 * width
    bins = min(max(int(8 * (high - low) / width), 500), 100_000)
    step = (high - low) / bins
    counts = torch.histc(x, bins, low, high)
    reach = min(int(5 * width / step) + 1, bins // 2)
    near = torch.arange(-reach, reach + 1, dtype=x.dtype) * step
    kernel = torch.exp(-0.5 * (near / width) ** 2)
    p = torch.conv1d(counts[None, None], (kernel / kernel.sum())[None, None], padding=reach)[0, 0]
    points = low + (torch.arange(bins, dtype=x.dtype) + 0.5) * step
    weights = torch.full_like(points, step)
    weights[[0, -1]] /= 2
    how = f"{len(x):,} samples {drawn}, Gaussian kernel of width {width:.2g}"
    return GeneratorDensity(points, p / (len(x) * step), weights, how)


def compute_jacobian_rank(generator: nn.Module, z: Tensor) -> tuple[int, Tensor]:
    """Compute the numerical rank and the singular values of dG/dz at one z.

    Around G(z), samples lie on a surface of at most this dimension. If the rank is below the number of values of x,
    the surface has no volume and p_g has no density. The computation is in float64; the rank counts singular values
    above max(rows, columns) * eps * the largest, as `torch.linalg.matrix_rank` does.

    Args:
        generator: Generator from [m, z_dim] to [m, *data_shape].
        z: Noise, [z_dim].

    Returns:
        The rank, and the singular values in descending order.
    """
    network = _to_float64(generator)
    jacobian = torch.func.jacrev(lambda one: network(one[None]).flatten())(z.double())
    values = torch.linalg.svdvals(jacobian.detach())
    least = max(jacobian.shape) * torch.finfo(values.dtype).eps * values[0]
    return int((values > least).sum()), values


def _to_float64(generator: nn.Module) -> nn.Module:
    """Return a copy in float64 and evaluation mode on the CPU."""
    return copy.deepcopy(generator).cpu().double().eval()


def _generate(generator: nn.Module, z: Tensor) -> Tensor:
    """Return G(z) for scalars, [n] to [n]."""
    x = generator(z[:, None])
    if x.numel() != len(z):
        raise UserError(
            f"G's output for one noise variable has shape {list(x.shape[1:])}: p_g is computed only if it is one value."
        )
    return x.flatten()


def _compute_quantiles(p_z: Distribution, u: Tensor) -> Tensor:
    try:
        return p_z.icdf(u)
    except NotImplementedError as error:
        raise UserError(
            f"{type(p_z).__name__} has no quantile function: give p_z as a distribution with `icdf`."
        ) from error
