"""p(z): the noise that G turns into samples."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

__all__ = ["Gaussian", "Prior", "Uniform"]


class Prior(ABC):
    """A distribution over noise vectors z."""

    @abstractmethod
    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m noise vectors z, [m, z_dim], on the device; from `rng` if given, else from the global one."""


class Uniform(Prior):
    """Independent uniform coordinates; the default bounds give unit variance, as in the runs of 2014."""

    def __init__(self, low: float = -math.sqrt(3), high: float = math.sqrt(3)) -> None:
        if not low < high:
            raise ValueError(f"Uniform prior from {low} to {high}: low must be below high.")
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
