"""Grid and HighDimensionalMixture: means, densities and samples."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from datamodules import Grid, HighDimensionalMixture
from datamodules.high_dimensional import DIM, INNER, Rotation
from datamodules.toy import SIZES
from lightning_gan.metrics.modes import mode_coverage


@pytest.fixture(scope="module")
def mixture():
    return HighDimensionalMixture()


def draw(data, n):
    return data.draw(n, torch.Generator().manual_seed(5))


def test_the_grid_has_the_25_means_of_the_papers():
    data = Grid()
    places = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(mean) for mean in data.means.tolist()} == places
    assert data.means[1].tolist() == [-4, -2]
    assert data.std.tolist() == pytest.approx([0.05] * 25)
    assert (data.num_classes, data.data_shape) == (25, (2,))
    assert Grid(side=2, spacing=1.0).means.tolist() == [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]  # fmt: skip


def test_the_density_of_the_grid_equals_an_explicit_mixture():
    data = Grid(std=0.5)
    x = torch.tensor([[0.3, -1.9], [4.4, 4.0]])
    square = (x[:, None] - data.means).square().sum(-1)
    expected = (-square / (2 * 0.25)).exp().mean(1) / (2 * math.pi * 0.25)
    torch.testing.assert_close(data.density.log_prob(x).exp(), expected)


def test_points_of_the_grid_come_from_its_modes_and_there_are_100000():
    data = Grid()
    data.prepare_data()
    data.setup()
    x, y = data.images("train"), data.labels("train")
    assert x.shape == (SIZES["train"], 2) == (100_000, 2)
    share = torch.bincount(y, minlength=25) / len(y)
    assert (share - 1 / 25).abs().max() < 5 * math.sqrt(0.04 * 0.96 / len(y))
    noise = (x - data.means[y]) / 0.05
    assert noise.square().mean().item() == pytest.approx(1, abs=5 * math.sqrt(2 / noise.numel()))
    modes = mode_coverage(x, data.means, data.std)
    assert modes.covered == 25
    # two squared normals are below 9 in a share of 1 - exp(-9 / 2) = 0.98889
    assert modes.high_quality == pytest.approx(1 - math.exp(-4.5), abs=5 * math.sqrt(0.011 / 1e5))


def test_the_directions_are_orthonormal_and_the_means_lie_in_the_embedding(mixture):
    q = mixture.directions.double()
    torch.testing.assert_close(q.T @ q, torch.eye(DIM).double(), rtol=0, atol=1e-5)
    along = mixture.means @ mixture.directions
    assert along[:, INNER:].abs().max() < 1e-4
    assert along[:, :INNER].std().item() == pytest.approx(1, abs=5 / math.sqrt(2 * 7000))


def test_the_density_equals_a_mixture_with_full_covariances(mixture):
    a = mixture.embedding.double()
    covariance = 0.1**2 * a @ a.T + 0.01**2 * torch.eye(DIM).double()
    x, _ = draw(mixture, 8)
    x[4:] += 0.02 * torch.randn(4, DIM, generator=torch.Generator().manual_seed(1))
    one = MultivariateNormal(torch.zeros(DIM).double(), covariance)
    parts = one.log_prob(x.double()[:, None] - mixture.means.double())
    expected = parts.logsumexp(1) - math.log(10)
    torch.testing.assert_close(mixture.density.log_prob(x).double(), expected, rtol=2e-4, atol=0.05)
    assert (expected[:4] - expected[4:]).min() > 100  # off the manifold


def test_points_have_the_entropy_and_the_documented_distances(mixture):
    x, y = draw(mixture, 1000)
    assert (x.shape, y.shape) == ((1000, DIM), (1000,))
    # E[-log p] of well separated modes: log 10 plus the entropy of one Gaussian
    logs = INNER * math.log(math.hypot(0.1, 0.01)) + (DIM - INNER) * math.log(0.01)
    entropy = math.log(10) + DIM / 2 * math.log(2 * math.pi * math.e) + logs
    mean = -mixture.density.log_prob(x).mean().item()
    assert mean == pytest.approx(entropy, abs=5 * math.sqrt(DIM / 2 / 1000))
    distance, nearest = (torch.cdist(x, mixture.means) / mixture.std).min(1)
    assert torch.equal(nearest, y)
    assert distance.mean().item() == pytest.approx(26.7, abs=0.1)
    assert 10 < distance.min() < distance.max() < 30
    apart = torch.pdist(mixture.means) / 0.1
    assert apart.mean().item() == pytest.approx(10 * math.sqrt(2 * INNER), rel=0.03)


def test_samples_of_the_density_resemble_the_data(mixture):
    torch.manual_seed(0)
    x = mixture.density.sample((200,))
    along = (x - mixture.means[torch.cdist(x, mixture.means).argmin(1)]) @ mixture.directions
    assert along[:, :INNER].std().item() == pytest.approx(math.hypot(0.1, 0.01), rel=0.01)
    assert along[:, INNER:].std().item() == pytest.approx(0.01, rel=0.02)


def test_modes_are_fixed_and_data_seed_changes_the_points_only(mixture):
    other = HighDimensionalMixture(data_seed=1)
    assert torch.equal(other.means, mixture.means)
    assert Rotation(other.directions) == Rotation(mixture.directions)
    assert torch.equal(draw(other, 3)[0], draw(mixture, 3)[0])  # drawn with one generator


def test_invalid_arguments_are_errors(subtests):
    for build, words in [
        (lambda: Grid(side=0), "side is 0; give"),
        (lambda: Grid(spacing=-1.0), r"spacing is -1\.0; give"),
        (lambda: HighDimensionalMixture(std=0.0), r"std is 0\.0; give"),
        (lambda: HighDimensionalMixture(noise=0.0), r"noise is 0\.0; give"),
    ]:
        with subtests.test(build=build, words=words):
            with pytest.raises(ValueError, match=words):
                build()
