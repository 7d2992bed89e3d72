"""p(z): the noise that G turns into samples."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from lightning_gan.arguments import Finite, check_arguments
from lightning_gan.utils.errors import UserError

__all__ = ["Gaussian", "Prior", "Uniform"]

ROOT_3 = math.sqrt(3)


class Prior(ABC):
    """A distribution over noise vectors z."""

    @abstractmethod
    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m noise vectors z, [m, z_dim], on the device; from `rng` if given, else from the global one."""

    def between(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        """Points on the way from each a to its b, [n, z_dim] both, at shares t of it, [steps]: [n, steps, z_dim].

        The straight line, on which a box of equal density is never left.
        """
        return torch.lerp(a[:, None], b[:, None], t.to(a)[:, None])


class Uniform(Prior):
    """Independent uniform coordinates; the default bounds give unit variance, as in the runs of 2014.

    Args:
        low: lower bound, finite.
        high: upper bound, finite, above low.
    """

    @check_arguments
    def __init__(self, low: Finite = -ROOT_3, high: Finite = ROOT_3) -> None:
        if not low < high:
            raise UserError(f"Uniform prior from {low} to {high}: low must be below high.")
        self.low, self.high = low, high

    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m vectors z in [low, high), [m, z_dim]."""
        z = torch.empty(m, z_dim, device=rng.device if rng else device)
        return z.uniform_(self.low, self.high, generator=rng).to(device)


class Gaussian(Prior):
    """N(0, I)."""

    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m vectors z from N(0, I), [m, z_dim]."""
        z = torch.empty(m, z_dim, device=rng.device if rng else device)
        return z.normal_(generator=rng).to(device)

    def between(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        r"""Points on the great circle from each a to its b: White (2016), "Sampling Generative Networks".

        .. math:: \frac{\sin((1-t)\theta)}{\sin\theta} a + \frac{\sin(t\theta)}{\sin\theta} b

        In many dimensions nearly all of N(0, I) lies near a sphere, which a straight line leaves. Between ends of one
        direction, or of opposite ones, there is no one great circle: the straight line takes its place.
        """
        angle = torch.nn.functional.cosine_similarity(a, b).clamp(-1, 1).acos()[:, None, None]
        t = t.to(a)[None, :, None]
        weights = [(share * angle).sin() / angle.sin() for share in (1 - t, t)]
        circle = weights[0] * a[:, None] + weights[1] * b[:, None]
        straight = super().between(a, b, t.flatten())
        return torch.where(angle.sin() > 1e-3, circle, straight)
