"""Densities of the plane whose conditionals are written down, and how far an InpaintingGAN is from each of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, MultivariateNormal

from datamodules import ToyData
from lightning_gan.arguments import Count, Domain, Seed, check_arguments
from lightning_gan.metrics.transport import sliced_wasserstein, wasserstein_1d
from lightning_gan.models import InpaintingGAN
from lightning_gan.utils.errors import UserError

Correlation = Annotated[float, Domain(-1, 1, low_open=True, high_open=True)]
VALUES = 200  # observed values, drawn from the data
DRAWS = 500  # completions of each
LOTS, LOT = 10, 4000  # points each, for p(x1, x2)


class Correlated(ToyData):
    """Equal parts of Gaussians at the origin, with unit variances and one correlation each.

    One part is a correlated Gaussian. Two parts, r and -r, are a cross: x1 and x2 are uncorrelated, and
    each is N(0, 1), but x1 given x2 = v lies near r v or near -r v.

    p(x1 | x2 = v) and p(x2 | x1 = v) are one mixture of N(r v, 1 - r^2), with equal weights: every part gives v the
    same density.

    Args:
        correlations: correlations of the parts, each above -1 and below 1.
        batch_size: points per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the points themselves, 0 to 2^32 - 1.

    Raises:
        ValueError: if there is none, or one is not between -1 and 1.
    """

    name = "correlated"
    data_shape = (2,)

    @check_arguments
    def __init__(
        self,
        correlations: Sequence[Correlation] = (0.8,),
        batch_size: Count = 100,
        seed: Seed | None = None,
        data_seed: Seed = 0,
    ) -> None:
        super().__init__(batch_size, seed, data_seed)
        if not correlations:
            raise UserError("No correlations were given: give one or more, between -1 and 1.")
        self.correlations = torch.tensor(list(correlations))
        self.num_classes = len(correlations)

    @property
    def density(self) -> Distribution:
        """The mixture, exactly."""
        covariances = torch.eye(2) + self.correlations[:, None, None] * torch.tensor(
            [[0.0, 1.0], [1.0, 0.0]]
        )
        parts = MultivariateNormal(torch.zeros(len(self.correlations), 2), covariances)
        return MixtureSameFamily(Categorical(torch.ones(len(self.correlations))), parts)

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points, [n, 2], and their parts, [n]: x1 from N(0, 1), then x2 given x1."""
        first = torch.randn(n, generator=rng)
        part = torch.randint(len(self.correlations), (n,), generator=rng)
        return torch.stack([first, self._other(first, part, rng)], dim=1), part

    def given(self, value: Tensor, n: int, rng: torch.Generator) -> Tensor:
        """N exact draws of one number where the other is known: [m] to [m, n]."""
        part = torch.randint(len(self.correlations), (len(value), n), generator=rng)
        return self._other(value[:, None].expand(-1, n), part, rng)

    def given_density(self, value: float, at: Tensor) -> Tensor:
        """p(one number | the other is `value`), [n] to [n]."""
        r = self.correlations[:, None]
        variance = 1 - r**2
        density = (
            torch.exp(-((at - r * value) ** 2) / (2 * variance)) / (2 * math.pi * variance).sqrt()
        )
        return density.mean(0)

    def _other(self, known: Tensor, part: Tensor, rng: torch.Generator) -> Tensor:
        r = self.correlations[part]
        return r * known + (1 - r**2).sqrt() * torch.randn(known.shape, generator=rng)


@dataclass(frozen=True)
class Member:
    """One member of the family: distances W1 to the exact conditional, at each observed value.

    Attributes:
        name: such as p(x1 | x2).
        model: of the model's samples, [values].
        floor: of as many exact samples, [values]: what sampling alone gives.
        ignorant: of samples of a model that does not look at what is observed, [values].
    """

    name: str
    model: Tensor
    floor: Tensor
    ignorant: Tensor

    @property
    def missed(self) -> float:
        """0: as good as exact samples; 1: as bad as a model that does not look."""
        floor = self.floor.mean()
        return float((self.model.mean() - floor) / (self.ignorant.mean() - floor))

    def __str__(self) -> str:
        model, floor, ignorant = (
            f"{w.mean():.3f} ± {w.std() / math.sqrt(len(w)):.3f}" for w in self._distances
        )
        return f"{self.name} {model} (exact samples {floor}, blind {ignorant})"

    @property
    def _distances(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.model, self.floor, self.ignorant


def family(
    gan: InpaintingGAN, data: Correlated, values: int = VALUES, draws: int = DRAWS
) -> list[Member]:
    """All three conditionals against the truth."""
    rng = torch.Generator().manual_seed(1)
    seen, _ = data.draw(values, rng)
    blind, _ = data.draw(values * draws, rng)
    members = []
    for hidden in (0, 1):
        known = seen[:, 1 - hidden]
        exact, again = data.given(known, draws, rng), data.given(known, draws, rng)
        others = (complete(gan, known, hidden, draws), again, blind[:, hidden].view(values, draws))
        members.append(
            Member(
                f"p(x{hidden + 1} | x{2 - hidden})",
                *(wasserstein_1d(other, exact) for other in others),
            )
        )
    return [*members, jointly(gan, data, rng)]


def complete(gan: InpaintingGAN, known: Tensor, hidden: int, n: int) -> Tensor:
    """N samples of one number where the other is known: [m] to [m, n]."""
    mask = torch.ones(2)
    mask[hidden] = 0
    x = known[:, None].expand(-1, 2)
    return gan.inpaint(x, mask, n, seed=2)[..., hidden]


def jointly(gan: InpaintingGAN, data: Correlated, rng: torch.Generator) -> Member:
    """The member of which nothing is observed; the blind model draws the two numbers apart."""

    def lots(x: Tensor) -> tuple[Tensor, ...]:
        return x.view(LOTS, -1, 2).unbind()

    n = LOTS * LOT
    exact, again, first, second = (data.draw(n, rng)[0] for _ in range(4))
    apart = torch.stack([first[:, 0], second[:, 1]], dim=1)
    others = (gan.sample(n, seed=3), again, apart)
    return Member(
        "p(x1, x2)",
        *(
            torch.stack(
                [sliced_wasserstein(a, b) for a, b in zip(lots(other), lots(exact), strict=True)]
            )
            for other in others
        ),
    )
