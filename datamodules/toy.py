"""Data whose density is known: the truth that a model can be compared with."""

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
    """Points drawn once from a density that is written down; label y is the component that a point came from.

    The points depend on `data_seed` alone, so that runs of different seeds learn from the same data.

    Args:
        batch_size: points per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the points themselves, 0 to 2^32 - 1.
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
        """p_data; its events have data_shape."""

    @abstractmethod
    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points, [n, *data_shape], and the components that they came from, int64 [n]."""

    def load(self, *, fetch: bool) -> Splits:
        """Draw the points of all splits, one after the other, from one stream."""
        rng = torch.Generator().manual_seed(self.data_seed)
        self.provenance = f"{self.name}: {SIZES['train']:,} points drawn with seed {self.data_seed}"
        return {
            "train": self.draw(SIZES["train"], rng),
            "val": self.draw(SIZES["val"], rng),
            "test": self.draw(SIZES["test"], rng),
        }

    def convert(self, stored: Tensor) -> Tensor:
        """Points are held as they are given out."""
        return stored


class Gaussians(ToyData):
    """A mixture of Gaussians, each with the same standard deviation in every direction.

    Subclasses say where the `means`, [modes, *data_shape], and the `std`s, [modes], are; weights are equal.
    """

    means: Tensor
    std: Tensor

    @property
    def density(self) -> Distribution:
        """The mixture, exactly."""
        modes = len(self.means)
        scale = self.std.view(-1, 1).expand_as(self.means)
        parts = Independent(Normal(self.means, scale), 1)
        return MixtureSameFamily(Categorical(torch.ones(modes)), parts)

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points, [n, d], and their components, [n]."""
        component = torch.randint(len(self.means), (n,), generator=rng)
        noise = torch.randn(n, self.means.shape[1], generator=rng)
        return self.means[component] + self.std[component, None] * noise, component


class Gaussian1D(Gaussians):
    """Numbers from a mixture of Gaussians on the line; a single one unless more means are given.

    Args:
        means: of the components, each finite.
        stds: of the components, as many, each above 0.
        batch_size: points per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the points themselves, 0 to 2^32 - 1.

    Raises:
        ValueError: if there are not as many standard deviations as means.
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
                f"Gaussian1D of means {list(means)} and stds {list(stds)}: give as many of both."
            )
        self.means, self.std = (
            torch.tensor(means, dtype=torch.float)[:, None],
            torch.tensor(stds, dtype=torch.float),
        )
        self.num_classes = len(means)


class Ring(Gaussians):
    """Gaussians in the plane, their means evenly spaced on a circle: mode j at the angle 2 pi j / modes.

    The standard test of mode collapse; eight modes, radius 1 and std .01 as in Lin et al. (2018), PacGAN, and
    Srivastava et al. (2017), VEEGAN.

    Args:
        modes: number of Gaussians, 1 to 2^20.
        radius: of the circle, above 0.
        std: of each Gaussian, in both directions, above 0.
        batch_size: points per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the points themselves, 0 to 2^32 - 1.
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
    """Gaussians in the plane, their means on a square grid around 0: mode j has the place j // side on the first axis.

    The second test of mode collapse; 25 modes at {-4, -2, 0, 2, 4}^2 and std .05 as in Lin et al. (2018), PacGAN, and
    Srivastava et al. (2017), VEEGAN.

    Args:
        side: number of Gaussians in each row and in each column, 1 to 1,000.
        spacing: between neighbours, above 0.
        std: of each Gaussian, in both directions, above 0.
        batch_size: points per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the points themselves, 0 to 2^32 - 1.
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
        places = float(spacing) * (torch.arange(side) - (side - 1) / 2)
        self.means = torch.cartesian_prod(places, places)
        self.std = torch.full((side**2,), float(std))
        self.num_classes = side**2
