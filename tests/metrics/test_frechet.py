"""The Fréchet distance against closed forms, and against the vectors without covariances."""

import itertools
import math

import pytest
import torch
from point_clouds import cloud, gaussian
from torch import Tensor

from lightning_gan.metrics import (
    DegenerateWarning,
    FrechetDistance,
    GaussianStatistics,
    frechet_distance,
)

few = pytest.mark.filterwarnings("ignore::lightning_gan.metrics.DegenerateWarning")


def normal(mean: list[float], variances: list[float]) -> GaussianStatistics:
    return GaussianStatistics(
        99, torch.tensor(mean).double(), torch.tensor(variances).double().diag()
    )


def from_vectors(x: Tensor, y: Tensor) -> float:
    """With centred X and Y, tr (C1 C2)^(1/2) is the sum of the singular values of X Y^T, scaled."""
    x, y = x.double(), y.double()
    a, b = ((v - v.mean(0)) / (len(v) - 1) ** 0.5 for v in (x, y))
    overlap = torch.linalg.svdvals(a @ b.T).sum()
    shift = (x.mean(0) - y.mean(0)).square().sum()
    return float(shift + a.square().sum() + b.square().sum() - 2 * overlap)


def test_axis_parallel_gaussians_have_a_closed_form():
    first, second = normal([1, 2, 3], [4, 9, 0.25]), normal([1, 0, 0], [1, 1, 0.25])
    expected = (2**2 + 3**2) + (2 - 1) ** 2 + (3 - 1) ** 2 + 0
    assert frechet_distance(first, second) == pytest.approx(expected, abs=1e-12)
    assert frechet_distance(second, first) == pytest.approx(expected, abs=1e-12)


def test_one_dimension_has_a_closed_form():
    assert frechet_distance(normal([1], [4]), normal([-2], [25])) == pytest.approx(9 + 9)
    metric = FrechetDistance(normal([-2], [25]))
    metric.update(torch.tensor([[0.0], [2.0]]))  # mean 1, variance 2
    assert metric.compute().item() == pytest.approx(9 + (5 - 2**0.5) ** 2)


def test_a_rotation_changes_nothing():
    q = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(0)).double()).Q
    first, second = gaussian(cloud(50, 5)), gaussian(cloud(60, 5, seed=1))
    turned = [GaussianStatistics(g.n, q @ g.mean, q @ g.cov @ q.T) for g in (first, second)]
    assert frechet_distance(*turned) == pytest.approx(frechet_distance(first, second), rel=1e-10)


def test_a_point_mass_is_at_the_mean_square_of_its_distances():
    x, point = cloud(50, 5), torch.full((7, 5), 0.375)
    expected = (gaussian(x).mean - 0.375).square().sum() + gaussian(x).cov.trace()
    with pytest.warns(DegenerateWarning, match="All 7 generated vectors are equal"):
        value = frechet_distance(gaussian(point), gaussian(x))
    assert value == pytest.approx(float(expected), rel=1e-12)


def test_two_point_masses_are_at_the_square_of_their_distance():
    metric = FrechetDistance(gaussian(torch.ones(9, 4)))
    metric.update(torch.full((8, 4), 3.0))
    with pytest.warns(DegenerateWarning) as caught:
        value = metric.compute()
    assert value.item() == pytest.approx(4 * 2**2)
    assert [str(w.message).split(" vectors")[0] for w in caught] == [
        "All 8 generated",
        "All 9 real",
    ]


@few
def test_data_are_at_distance_0_from_themselves(subtests):
    for n, d in [(60, 5), (12, 40), (40, 40)]:
        with subtests.test(n=n, d=d):
            x = gaussian(cloud(n, d))
            assert 0 <= frechet_distance(x, x) < 1e-9


@few
def test_singular_covariances_lose_no_digits(subtests):
    for mean, (n, n_real) in itertools.product(
        [0.0, 0.3, 30.0], [(400, 300), (400, 30), (30, 400), (30, 20), (2, 2)]
    ):
        with subtests.test(n=n, n_real=n_real, mean=mean):
            x, y = (v - v.mean(0) + mean for v in (cloud(n, 40), cloud(n_real, 40, seed=1)))
            metric = FrechetDistance(gaussian(y))
            for part in x.split(7):
                metric.update(part)
            assert metric.compute().item() == pytest.approx(from_vectors(x, y), rel=1e-9)


def test_a_dead_unit_counts_nothing():
    x, y = cloud(90, 5), cloud(90, 5, seed=1)
    dead = torch.full((90, 1), 0.1)
    with_dead = [gaussian(torch.cat([v, dead], 1)) for v in (x, y)]
    assert frechet_distance(*with_dead) == pytest.approx(from_vectors(x, y), rel=1e-9)


def test_the_metric_gives_a_float64_number_and_holds_no_real_statistics_in_checkpoints():
    x, real = cloud(50, 5), gaussian(cloud(60, 5, seed=1))
    metric = FrechetDistance(real)
    metric.persistent(True)
    assert sum(state.numel() for state in metric.state_dict().values()) == 1 + 5 + 25
    metric.update(x)
    value = metric.compute()
    assert (value.dtype, value.shape) == (torch.float64, ())
    assert value.item() == pytest.approx(frechet_distance(gaussian(x), real), rel=1e-12)
    assert metric.higher_is_better is False


def test_too_few_vectors_warn_of_the_bias(subtests):
    for n, n_real, words in [(6, 90, "6 generated vectors of 6"), (90, 4, "4 real vectors of 6")]:
        with subtests.test(n=n, n_real=n_real, words=words):
            with pytest.warns(
                DegenerateWarning, match=f"{words} values have a singular covariance"
            ):
                frechet_distance(gaussian(cloud(n, 6)), gaussian(cloud(n_real, 6, seed=1)))


FINE = normal([0, 0], [1, 1])


def test_bad_statistics_are_named(subtests):
    for generated, words in [
        (normal([0], [1]), "have 1 and 2 dimensions"),
        (FINE._replace(n=1), "two generated vectors, but there are 1"),
        (FINE._replace(mean=FINE.mean * math.nan), "generated vectors contains NaN"),
        (FINE._replace(cov=FINE.cov * math.inf), "generated vectors contains NaN or infinity"),
    ]:
        with subtests.test(generated=generated, words=words):
            with pytest.raises(ValueError, match=words):
                frechet_distance(generated, FINE)


def test_one_sample_is_refused():
    metric = FrechetDistance(FINE)
    metric.update(torch.ones(1, 2))
    with pytest.raises(ValueError, match="A covariance needs two vectors, but there are 1"):
        metric.compute()
