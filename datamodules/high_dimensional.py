"""The 1200-dimensional mixture of Srivastava et al. (2017), VEEGAN, section 4.1, a test of mode collapse."""

import torch
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    Normal,
    Transform,
    TransformedDistribution,
    constraints,
)

from datamodules.toy import Gaussians
from lightning_gan.arguments import Count, Positive, Seed, check_arguments

DIM = 1200
INNER = 700  # dimensions of each Gaussian
GEOMETRY = 0  # random seed for means and directions; another value would be another data set
ROWS = 10_000  # points drawn at a time: 76 MB of random numbers


class HighDimensionalMixture(Gaussians):
    r"""Mixture of ten 700-dimensional Gaussians embedded in 1200 dimensions.

    .. math:: x = \mu_y + \text{std} \cdot A u + \text{noise} \cdot e, \qquad
        u \sim N(0, I_{700}), \; e \sim N(0, I_{1200})

    The paper specifies ten isotropic Gaussians of 700 dimensions in 1200, similar to the manifolds of natural images.
    The rest is a choice of this suite, so published numbers are not comparable: A, [1200, 700], has orthonormal columns
    in random directions and is the same for all modes; the means are A times N(0, I_700), so that two of them are
    about 37 apart, 374 std; and noise in all directions gives p_data a density everywhere. A and the means are the
    same in every run.

    The distance of a point from its mean is about 26.7 ± 0.7 std, slightly more than the root of 700. With Euclidean
    distance, no point of the data is therefore within the 10 standard deviations that the paper requires of a good
    sample; with 30 all of them are.

    The training split has 100,000 points and takes 480 MB.

    Args:
        std: Standard deviation of each Gaussian in each of its 700 directions, above 0.
        noise: Standard deviation of the noise in all 1200 directions, above 0.
        batch_size: Points per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the points, 0 to 2^32 - 1.
    """

    name = "mixture1200"
    data_shape = (DIM,)
    num_classes = 10

    @check_arguments
    def __init__(
        self,
        std: Positive = 0.1,
        noise: Positive = 0.01,
        batch_size: Count = 100,
        seed: Seed | None = None,
        data_seed: Seed = 0,
    ) -> None:
        super().__init__(batch_size, seed, data_seed)
        self.noise = float(noise)
        rng = torch.Generator().manual_seed(GEOMETRY)
        directions = torch.randn(DIM, DIM, generator=rng, dtype=torch.float64)
        self.directions = torch.linalg.qr(directions).Q.float()
        self.means = torch.randn(self.num_classes, INNER, generator=rng) @ self.embedding.T
        self.std = torch.full((self.num_classes,), float(std))

    @property
    def embedding(self) -> Tensor:
        """The matrix A, [1200, 700]: the first columns of `directions`."""
        return self.directions[:, :INNER]

    @property
    def density(self) -> Distribution:
        """Exact density; all covariances are diagonal in the basis `directions`."""
        scale = torch.full((DIM,), self.noise)
        scale[:INNER] = (self.std[0] ** 2 + self.noise**2).sqrt()
        means = self.means @ self.directions
        parts = Independent(Normal(means, scale.expand_as(means)), 1)
        along = MixtureSameFamily(Categorical(torch.ones(self.num_classes)), parts)
        return TransformedDistribution(along, [Rotation(self.directions)])

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw points, [n, 1200], and their components, [n]."""
        component = torch.randint(self.num_classes, (n,), generator=rng)
        points = self.means[component]
        for part in points.split(ROWS):
            u = torch.randn(len(part), INNER, generator=rng)
            part.addmm_(u, self.embedding.T, alpha=self.std[0].item())
            part.add_(torch.randn(part.shape, generator=rng), alpha=self.noise)
        return points, component


class Rotation(Transform):
    """Transform x to Q x with an orthogonal matrix Q, [d, d], which preserves lengths and densities."""

    domain = constraints.real_vector
    codomain = constraints.real_vector
    bijective = True

    def __init__(self, q: Tensor) -> None:
        super().__init__()
        self.q = q

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rotation) and torch.equal(self.q, other.q)

    def __hash__(self) -> int:
        return id(self)

    def _call(self, x: Tensor) -> Tensor:
        return x @ self.q.T

    def _inverse(self, y: Tensor) -> Tensor:
        return y @ self.q

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Return 0 for each point."""
        return x.new_zeros(x.shape[:-1])
