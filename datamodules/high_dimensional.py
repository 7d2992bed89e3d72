"""The 1200-D mixture of Srivastava et al. (2017), VEEGAN, section 4.1: mode collapse where there is room for it."""

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
GEOMETRY = 0  # seed of means and directions: another one would be another data set
ROWS = 10_000  # points drawn at a time: 76 MB of normal numbers


class HighDimensionalMixture(Gaussians):
    r"""Ten Gaussians of 700 dimensions, embedded in 1200.

    .. math:: x = \mu_y + \text{std} \cdot A u + \text{noise} \cdot e, \qquad
        u \sim N(0, I_{700}), \; e \sim N(0, I_{1200})

    The paper says so much: ten isotropic Gaussians of 700 dimensions in 1200, made to resemble the manifolds that
    natural images lie on. Chosen here: A, [1200, 700], has orthonormal columns, one A for all modes, in directions that
    no coordinate gives away; the means are A times N(0, I_700), so that two of them are about 37 apart, 374 std; and
    a little noise in all directions gives p_data a density everywhere. A and the means are the same in every run. For
    these choices no published number compares.

    No example is near its mean: its distance is about 26.7 std, the root of 700 and a little, give or take 0.7. So of
    these data themselves not one is within the 10 standard deviations that the paper asks of a good sample, if its
    distance is the Euclidean one; 30 lets all of them pass.

    Training holds 100,000 points: 480 MB.

    Args:
        std: of each Gaussian, in each of its 700 directions, above 0.
        noise: standard deviation of what is added in all 1200 directions, above 0.
        batch_size: points per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the points themselves, 0 to 2^32 - 1.
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
        """A, [1200, 700]: the first of 1200 orthonormal directions, the columns of `directions`."""
        return self.directions[:, :INNER]

    @property
    def density(self) -> Distribution:
        """The mixture, exactly: along `directions` all covariances are diagonal."""
        scale = torch.full((DIM,), self.noise)
        scale[:INNER] = (self.std[0] ** 2 + self.noise**2).sqrt()
        means = self.means @ self.directions
        parts = Independent(Normal(means, scale.expand_as(means)), 1)
        along = MixtureSameFamily(Categorical(torch.ones(self.num_classes)), parts)
        return TransformedDistribution(along, [Rotation(self.directions)])

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points, [n, 1200], and their components, [n]."""
        component = torch.randint(self.num_classes, (n,), generator=rng)
        points = self.means[component]
        for part in points.split(ROWS):
            u = torch.randn(len(part), INNER, generator=rng)
            part.addmm_(u, self.embedding.T, alpha=self.std[0].item())
            part.add_(torch.randn(part.shape, generator=rng), alpha=self.noise)
        return points, component


class Rotation(Transform):
    """x to Q x with an orthogonal Q, [d, d]: lengths stay, and so do densities."""

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
        """Zero, for each of the points."""
        return x.new_zeros(x.shape[:-1])
