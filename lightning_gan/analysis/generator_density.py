"""p_g(x), where it can be had: of a generator with one noise variable that makes one number.

A GAN has no explicit p_g(x) (Goodfellow et al. 2014, section 6). On the line there is a way round: if G only rises or
only falls, p_g(x) = p_z(z) / |G'(z)| at x = G(z). If it turns, p_g is estimated from samples. With fewer noise
variables than numbers in x there is no density at all: see `jacobian_rank`.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from lightning_gan.utils.errors import UserError

SAMPLES = 100_000  # behind an estimate
EDGE = 1e-7  # of p_z's mass, left out at either end, where a Gaussian has no last quantile


class GeneratorDensity(NamedTuple):
    """p_g at points of the line."""

    x: Tensor
    """Points, [n], float64, rising."""
    p: Tensor
    """p_g there, [n]; outside the points it is 0."""
    weights: Tensor
    """What each point weighs in an integral over the points, [n]."""
    how: str
    """Change of variables, or samples: how many, and the width of the kernel."""

    def at(self, x: Tensor) -> Tensor:
        """p_g at other points, [m], by straight lines between its own."""
        right = torch.searchsorted(self.x, x).clamp(1, len(self.x) - 1)
        x0, x1, p0, p1 = self.x[right - 1], self.x[right], self.p[right - 1], self.p[right]
        between = p0 + (p1 - p0) * (x - x0) / (x1 - x0).clamp(min=torch.finfo(x0.dtype).tiny)
        return torch.where((x < self.x[0]) | (x > self.x[-1]), 0.0, between)


def generator_density(generator: nn.Module, p_z: Distribution, n: int = 4001) -> GeneratorDensity:
    """p_g by change of variables where G is monotone on a grid of n points of z, else from samples.

    Args:
        generator: [m, 1] to [m, 1].
        p_z: of the noise, on the line, with a quantile function (`icdf`).
        n: points.

    Raises:
        ValueError: if G does not make one number of one, or p_z has no quantiles.
    """
    exact = compute_by_change_of_variables(generator, p_z, n)
    if exact is not None:
        return exact
    middle = (torch.arange(SAMPLES, dtype=torch.float64) + 0.5) / SAMPLES
    with torch.no_grad():
        x = _on_the_line(_exact(generator), _quantile(p_z, middle))
    return estimate_by_samples(x, "of G at even quantiles of p_z")


def compute_by_change_of_variables(
    generator: nn.Module, p_z: Distribution, n: int = 4001
) -> GeneratorDensity | None:
    """p_g(G(z)) = p_z(z) / |G'(z)|, computed in float64, G' by autograd; none, where G turns or stands still.

    Arguments and errors as of `generator_density`. The points are G of an even grid from the first to the last quantile
    of p_z, so that they lie densely where G is flat. They weigh |G'(z)| dz: the integral of p_g is that of p_z.
    """
    low, high = _quantile(p_z, torch.tensor([EDGE, 1 - EDGE], dtype=torch.float64)).tolist()
    z = torch.linspace(low, high, n, dtype=torch.float64, requires_grad=True)
    x = _on_the_line(_exact(generator), z)
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
    """An estimate: a Gaussian kernel on each sample, of Silverman's bandwidth, 0.9 min(s, IQR / 1.34) n^(-1/5).

    Samples are first counted in bins an eighth of a bandwidth wide. Peaks narrower than the bandwidth are blurred, and
    an edge of the support loses mass to its outside.

    Args:
        x: samples, [n].
        drawn: says whose they are.

    Raises:
        ValueError: if all samples are equal.
    """
    x = x.double()
    quarters = torch.quantile(x, torch.tensor([0.25, 0.75], dtype=x.dtype))
    spread = (quarters[1] - quarters[0]).item() / 1.34 or x.std().item()
    width = 0.9 * min(x.std().item(), spread) * len(x) ** -0.2
    if not width > 0:
        raise UserError(
            f"All {len(x):,} samples of G are {x[0].item():g}: a point has no density. Let G start from other weights."
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


def jacobian_rank(generator: nn.Module, z: Tensor) -> tuple[int, Tensor]:
    """Numerical rank of dG/dz at one z, and its singular values, falling: the dimensions in which G(z) can move.

    G's samples lie on a surface of at most this dimension around G(z). Below the number of values of x, the surface has
    no volume, and p_g no density. Computed in float64; a singular value counts above max(rows, columns) eps times the
    largest, as in `torch.linalg.matrix_rank`.

    Args:
        generator: [m, z_dim] to [m, *data_shape].
        z: noise, [z_dim].
    """
    exact = _exact(generator)
    jacobian = torch.func.jacrev(lambda one: exact(one[None]).flatten())(z.double())
    values = torch.linalg.svdvals(jacobian.detach())
    least = max(jacobian.shape) * torch.finfo(values.dtype).eps * values[0]
    return int((values > least).sum()), values


def _exact(generator: nn.Module) -> nn.Module:
    """A copy in float64 and evaluation mode, on the CPU: the same function, with smaller errors."""
    return copy.deepcopy(generator).cpu().double().eval()


def _on_the_line(generator: nn.Module, z: Tensor) -> Tensor:
    """G at points z, [n] to [n]."""
    x = generator(z[:, None])
    if x.numel() != len(z):
        raise UserError(
            f"G makes {list(x.shape[1:])} of one noise variable: p_g is computed on the line, where G makes one number."
        )
    return x.flatten()


def _quantile(p_z: Distribution, u: Tensor) -> Tensor:
    try:
        return p_z.icdf(u)
    except NotImplementedError as error:
        raise UserError(
            f"{type(p_z).__name__} has no quantile function: give p_z as a distribution with `icdf`."
        ) from error
