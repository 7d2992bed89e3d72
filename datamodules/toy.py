"""Synthetic data sets of known density, in one and two dimensions."""

from abc import abstractmethod
from math import cos, pi, sin
from typing import Annotated

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, Normal

from datamodules.in_memory import InMemory, Splits
from lightning_gan.arguments import Count, Domain, Finite, Positive, Seed, Size, check_arguments
from lightning_gan.utils.errors import UserError

SIZES = {"train": 100_000, "val": 10_000, "test": 10_000}  # 100,000 as in Lin et al. (2018), PacGAN


class ToyData(InMemory):
    """Base class of points from a known density; the label of a point is its component.

    The points depend only on `data_seed`, so that runs with different seeds train on the same data.

    Args:
        batch_size: Points per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the points, 0 to 2^32 - 1.
    """

    value_range = (-torch.inf, torch.inf)
    drawn = True

    @check_arguments
    def __init__(
        self, batch_size: Count = 100, seed: Seed | None = None, data_seed: Seed = 0
    ) -> None:
        super().__init__(batch_size, seed)
        self.data_seed = data_seed

    @property
    @abstractmethod
    def density(self) -> Distribution:
        """Density p_data, a Distribution whose events have shape `data_shape`."""

    @abstractmethod
    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw points, [n, *data_shape], and their components, int64 [n]."""

    def load(self, *, fetch: bool) -> Splits:
        """Draw the points of all splits, one after the other, with one random generator."""
        rng = torch.Generator().manual_seed(self.data_seed)
        self.provenance = f"{self.name}: {SIZES['train']:,} points drawn with seed {self.data_seed}"
        return {
            "train": self.draw(SIZES["train"], rng),
            "val": self.draw(SIZES["val"], rng),
            "test": self.draw(SIZES["test"], rng),
        }

    def convert(self, stored: Tensor) -> Tensor:
        """Return the points unchanged."""
        return stored


class Gaussians(ToyData):
    """Base class of mixtures of isotropic Gaussians with equal weights.

    Subclasses set `means`, [modes, *data_shape], and the standard deviations `std`, [modes].
    """

    means: Tensor
    std: Tensor

    @property
    def density(self) -> Distribution:
        """Exact density of the mixture."""
        modes = len(self.means)
        scale = self.std.view(-1, 1).expand_as(self.means)
        parts = Independent(Normal(self.means, scale), 1)
        return MixtureSameFamily(Categorical(torch.ones(modes)), parts)

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw points, [n, d], and their components, [n]."""
        component = torch.randint(len(self.means), (n,), generator=rng)
        noise = torch.randn(n, self.means.shape[1], generator=rng)
        return self.means[component] + self.std[component, None] * noise, component


class Gaussian1D(Gaussians):
    """One-dimensional mixture of Gaussians, by default N(0, 1).

    Args:
        means: Means of the components, finite.
        stds: Standard deviations of the components, above 0, as many as means.
        batch_size: Points per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the points, 0 to 2^32 - 1.

    Raises:
        ValueError: If there are not as many standard deviations as means.
    """

    name = "gaussian1d"
    data_shape = (1,)

    @check_arguments
    def __init__(
        self,
        means: tuple[Finite, ...] = (0.0,),
        stds: tuple[Positive, ...] = (1.0,),
        batch_size: Count = 100,
        seed: Seed | None = None,
        data_seed: Seed = 0,
    ) -> None:
        super().__init__(batch_size, seed, data_seed)
        if not means or len(means) != len(stds):
            raise UserError(
                f"Gaussian1D got means {list(means)} and stds {list(stds)}: give as many stds as means."
            )
        self.means, self.std = (
            torch.tensor(means, dtype=torch.float)[:, None],
            torch.tensor(stds, dtype=torch.float),
        )
        self.num_classes = len(means)


class Ring(Gaussians):
    """Two-dimensional mixture of Gaussians on a circle, a standard test of mode collapse.

    Mode j is at the angle 2 pi j / modes. The defaults are those of Lin et al. (2018), PacGAN, and Srivastava et al.
    (2017), VEEGAN.

    Args:
        modes: Number of Gaussians, 1 to 2^20.
        radius: Radius of the circle, above 0.
        std: Standard deviation of each Gaussian in both directions, above 0.
        batch_size: Points per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the points, 0 to 2^32 - 1.
    """

    name = "ring"
    data_shape = (2,)

    @check_arguments
    def __init__(
        self,
        modes: Size = 8,
        radius: Positive = 1.0,
        std: Positive = 0.01,
        batch_size: Count = 100,
        seed: Seed | None = None,
        data_seed: Seed = 0,
    ) -> None:
        super().__init__(batch_size, seed, data_seed)
        angles = [2 * pi * j / modes for j in range(modes)]
        self.means = float(radius) * torch.tensor([[cos(a), sin(a)] for a in angles])
        self.std = torch.full((modes,), float(std))
        self.num_classes = modes


class Grid(Gaussians):
    """Two-dimensional mixture of Gaussians on a square grid around 0, a standard test of mode collapse.

    Mode j has the index j // side on the first axis. The defaults, 25 modes at {-4, -2, 0, 2, 4}^2, are those of Lin et
    al. (2018), PacGAN, and Srivastava et al. (2017), VEEGAN.

    Args:
        side: Number of Gaussians in each row and column, 1 to 1,000.
        spacing: Distance of neighbouring means, above 0.
        std: Standard deviation of each Gaussian in both directions, above 0.
        batch_size: Points per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the points, 0 to 2^32 - 1.
    """

    name = "grid"
    data_shape = (2,)

    @check_arguments
    def __init__(
        self,
        side: Annotated[int, Domain(1, 1000, whole=True)] = 5,
        spacing: Positive = 2.0,
        std: Positive = 0.05,
        batch_size: Count = 100,
        seed: Seed | None = None,
        data_seed: Seed = 0,
    ) -> None:
        super().__init__(batch_size, seed, data_seed)
        positions = float(spacing) * (torch.arange(side) - (side - 1) / 2)
        self.means = torch.cartesian_prod(positions, positions)
        self.std = torch.full((side**2,), float(std))
        self.num_classes = side**2
