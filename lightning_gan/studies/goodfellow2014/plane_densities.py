"""Densities in the plane with known conditionals, and the distances of an InpaintingGAN from them."""

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
DRAWS = 500  # samples for each observed value
BATCHES, BATCH = 10, 4000  # number and size of sample batches of p(x1, x2)


class Correlated(ToyData):
    """Mixture of equally weighted Gaussians with mean 0, unit variances and one correlation each.

    One part is a correlated Gaussian. Two parts with correlations r and -r form a cross: x1 and x2 are uncorrelated and
    each is N(0, 1), but x1 given x2 = v is near r v or near -r v. Both p(x1 | x2 = v) and p(x2 | x1 = v) are mixtures
    of N(r v, 1 - r^2) with equal weights.

    Args:
        correlations: Correlations of the parts, above -1 and below 1.
        batch_size: Points per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the points, 0 to 2^32 - 1.

    Raises:
        UserError: If there are no correlations, or one is not between -1 and 1.
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
        """Exact density of the mixture."""
        covariances = torch.eye(2) + self.correlations[:, None, None] * torch.tensor(
            [[0.0, 1.0], [1.0, 0.0]]
        )
        parts = MultivariateNormal(torch.zeros(len(self.correlations), 2), covariances)
        return MixtureSameFamily(Categorical(torch.ones(len(self.correlations))), parts)

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw points, [n, 2], and the indices of their parts, [n]."""
        first = torch.randn(n, generator=rng)
        part = torch.randint(len(self.correlations), (n,), generator=rng)
        return torch.stack([first, self._other(first, part, rng)], dim=1), part

    def draw_conditional(self, value: Tensor, n: int, rng: torch.Generator) -> Tensor:
        """Draw n exact values of one coordinate for each value, [m], of the other, [m, n]."""
        part = torch.randint(len(self.correlations), (len(value), n), generator=rng)
        return self._other(value[:, None].expand(-1, n), part, rng)

    def conditional_density(self, value: float, at: Tensor) -> Tensor:
        """Compute the density of one coordinate at given points, [n], if the other is `value`."""
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
class ConditionalDistance:
    """W1 distances to an exact conditional, at each observed value.

    Attributes:
        name: Name of the conditional, such as p(x1 | x2).
        model: Distances of samples of the model, [values].
        exact: Distances of as many exact samples, [values].
        marginal: Distances of samples that do not depend on the observed value, [values].
    """

    name: str
    model: Tensor
    exact: Tensor
    marginal: Tensor

    @property
    def missed(self) -> float:
        """Distance of the model on a scale from 0, exact samples, to 1, samples that ignore the observed value."""
        exact = self.exact.mean()
        return float((self.model.mean() - exact) / (self.marginal.mean() - exact))

    def __str__(self) -> str:
        model, exact, marginal = (
            f"{w.mean():.3f} ± {w.std() / math.sqrt(len(w)):.3f}" for w in self._distances
        )
        return f"{self.name} {model} (exact samples {exact}, marginal samples {marginal})"

    @property
    def _distances(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.model, self.exact, self.marginal


def measure_family(
    gan: InpaintingGAN, data: Correlated, values: int = VALUES, draws: int = DRAWS
) -> list[ConditionalDistance]:
    """Measure the distances of the model from all three conditionals."""
    rng = torch.Generator().manual_seed(1)
    observed, _ = data.draw(values, rng)
    marginal, _ = data.draw(values * draws, rng)
    members = []
    for hidden in (0, 1):
        known = observed[:, 1 - hidden]
        exact, again = (
            data.draw_conditional(known, draws, rng),
            data.draw_conditional(known, draws, rng),
        )
        others = (
            sample_conditional(gan, known, hidden, draws),
            again,
            marginal[:, hidden].view(values, draws),
        )
        members.append(
            ConditionalDistance(
                f"p(x{hidden + 1} | x{2 - hidden})",
                *(wasserstein_1d(other, exact) for other in others),
            )
        )
    return [*members, measure_joint(gan, data, rng)]


def sample_conditional(gan: InpaintingGAN, known: Tensor, hidden: int, n: int) -> Tensor:
    """Sample n values of one coordinate for each known value, [m], of the other, [m, n]."""
    mask = torch.ones(2)
    mask[hidden] = 0
    x = known[:, None].expand(-1, 2)
    return gan.inpaint(x, mask, n, seed=2)[..., hidden]


def measure_joint(
    gan: InpaintingGAN, data: Correlated, rng: torch.Generator
) -> ConditionalDistance:
    """Measure the distance of the model from p(x1, x2); marginal samples draw both coordinates independently."""

    def split_batches(x: Tensor) -> tuple[Tensor, ...]:
        return x.view(BATCHES, -1, 2).unbind()

    n = BATCHES * BATCH
    exact, again, first, second = (data.draw(n, rng)[0] for _ in range(4))
    independent = torch.stack([first[:, 0], second[:, 1]], dim=1)
    others = (gan.sample(n, seed=3), again, independent)
    return ConditionalDistance(
        "p(x1, x2)",
        *(
            torch.stack(
                [
                    sliced_wasserstein(a, b)
                    for a, b in zip(split_batches(other), split_batches(exact), strict=True)
                ]
            )
            for other in others
        ),
    )
