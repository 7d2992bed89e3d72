"""Noise distributions p(z)."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from lightning_gan.arguments import Finite, check_arguments
from lightning_gan.utils.errors import UserError

__all__ = ["Gaussian", "Prior", "Uniform"]

ROOT_3 = math.sqrt(3)


class Prior(ABC):
    """Distribution p(z) of noise vectors."""

    @abstractmethod
    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m noise vectors z, [m, z_dim].

        Args:
            m: Number of noise vectors.
            z_dim: Number of noise variables.
            device: Device of the result.
            rng: Random number generator; None: the global one.
        """

    def interpolate(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        """Interpolate linearly between noise vectors, which stays inside a box of uniform density.

        Args:
            a: Start of each path, [n, z_dim].
            b: End of each path, [n, z_dim].
            t: Share of the path at each step, [steps], 0 to 1.

        Returns:
            Noise vectors, [n, steps, z_dim].
        """
        return torch.lerp(a[:, None], b[:, None], t.to(a)[:, None])


class Uniform(Prior):
    """Uniform distribution on a box; the default bounds give unit variance, as in the runs of 2014.

    Args:
        low: Lower bound, finite.
        high: Upper bound, finite, above low.

    Raises:
        UserError: low is not below high.
    """

    @check_arguments
    def __init__(self, low: Finite = -ROOT_3, high: Finite = ROOT_3) -> None:
        if not low < high:
            raise UserError(f"Uniform prior from {low} to {high}: give low below high.")
        self.low, self.high = low, high

    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m vectors z in [low, high), [m, z_dim]."""
        z = torch.empty(m, z_dim, device=rng.device if rng else device)
        return z.uniform_(self.low, self.high, generator=rng).to(device)


class Gaussian(Prior):
    """Standard normal distribution N(0, I)."""

    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m vectors z from N(0, I), [m, z_dim]."""
        z = torch.empty(m, z_dim, device=rng.device if rng else device)
        return z.normal_(generator=rng).to(device)

    def interpolate(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        r"""Interpolate spherically between noise vectors: White (2016), "Sampling Generative Networks".

        .. math:: \frac{\sin((1-t)\theta)}{\sin\theta} a + \frac{\sin(t\theta)}{\sin\theta} b

        In many dimensions the mass of N(0, I) lies near a sphere, which a straight line leaves. If a and b have the
        same or opposite directions, the great circle is not unique; then the interpolation is linear.

        Args:
            a: Start of each path, [n, z_dim].
            b: End of each path, [n, z_dim].
            t: Share of the path at each step, [steps], 0 to 1.

        Returns:
            Noise vectors, [n, steps, z_dim].
        """
        angle = torch.nn.functional.cosine_similarity(a, b).clamp(-1, 1).acos()[:, None, None]
        t = t.to(a)[None, :, None]
        weights = [(share * angle).sin() / angle.sin() for share in (1 - t, t)]
        spherical = weights[0] * a[:, None] + weights[1] * b[:, None]
        linear = super().interpolate(a, b, t.flatten())
        return torch.where(angle.sin() > 1e-3, spherical, linear)
