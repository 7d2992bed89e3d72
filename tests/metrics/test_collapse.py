"""Indicators of mode collapse for data with known values."""

import math

import pytest
import torch
from torch import nn

from lightning_gan.metrics.collapse import (
    CollapseIndicators,
    CollapseReference,
    covariance_rank,
    duplicate_radius,
    duplicate_rate,
    effective_rank,
    jacobian_ranks,
    mean_distance,
    nearest_distances,
    support_size,
    total_variance,
)


def normal(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_the_nearest_other_example_on_a_line():
    x = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert nearest_distances(x).tolist() == [1, 1, 2, 4]
    assert duplicate_radius(x, 0.25) == 1
    assert duplicate_radius(x, 1.0) == 4


def test_a_distance_between_large_vectors_is_not_lost():
    x = torch.tensor([[1000.0, 0.0], [1000.0, 1e-3], [1000.0, 1.0]]).repeat(1, 400)
    assert nearest_distances(x)[0] == pytest.approx(1e-3 * 20, rel=1e-2)


def test_equally_frequent_values_coincide_once_in_their_number(subtests):
    for values in [2, 50]:
        with subtests.test(values=values):
            rng = torch.Generator().manual_seed(0)
            x = torch.randint(values, (2000, 1), generator=rng).float()
            rate = duplicate_rate(x, 0.5)
            # pairs are not independent, but the variance of their share is p (1 - p) over their number
            assert rate == pytest.approx(
                1 / values, abs=4 * math.sqrt(1 / values / (2000 * 1999 / 2)) + 1e-3
            )
            assert support_size(rate) == pytest.approx(values, rel=0.1)


def test_the_birthday_paradox_of_365_days():
    # 23 draws hold a coincidence with probability 0.507 if every day is as likely: Arora & Zhang's reading of it
    rng = torch.Generator().manual_seed(0)
    days = torch.randint(365, (2000, 23, 1), generator=rng).float()
    shared = sum(duplicate_rate(d, 0.5) > 0 for d in days) / len(days)
    assert shared == pytest.approx(0.5073, abs=4 * math.sqrt(0.25 / 2000))


def test_unequal_frequencies_count_by_their_squares():
    x = torch.tensor([[0.0]] * 900 + [[1.0]] * 100)
    expected = 1 / (0.9**2 + 0.1**2)
    assert support_size(duplicate_rate(x, 0.5)) == pytest.approx(expected, rel=2e-3)
    assert support_size(0.0) == math.inf


def test_the_spread_of_a_gaussian():
    x = 3 * normal(3000, 2)
    assert total_variance(x) == pytest.approx(2 * 9, rel=0.08)
    assert total_variance(x) == pytest.approx(float(x.double().var(0).sum()), rel=1e-6)
    # two points differ by N(0, 2 * 9 I): the length of it in the plane has mean sqrt(2) * 3 * sqrt(pi / 2)
    assert mean_distance(x) == pytest.approx(3 * math.sqrt(math.pi), rel=0.05)


def test_the_effective_rank_of_known_spectra():
    values = torch.tensor([[1.0, 0, 0], [2, 2, 0], [5, 5, 5], [0, 0, 0]])
    assert effective_rank(values).tolist() == pytest.approx([1, 2, 3, 0])
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert float(effective_rank(torch.tensor([3.0, 1.0]))) == pytest.approx(math.exp(entropy))


def test_the_covariance_of_a_subspace_has_its_rank_whatever_is_larger(subtests):
    for d in [4, 400]:
        with subtests.test(d=d):
            axes = torch.linalg.qr(normal(d, 2, seed=1)).Q
            corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]).repeat(10, 1)
            assert covariance_rank(corners @ axes.T + 7) == pytest.approx(2, rel=1e-4)


def test_the_jacobian_of_a_linear_map_has_the_rank_of_its_matrix():
    matrix = torch.diag(torch.tensor([3.0, 1.0, 0.0]))
    linear = nn.Linear(3, 3)
    with torch.no_grad():
        linear.weight.copy_(matrix)
    expected = float(effective_rank(torch.tensor([3.0, 1.0, 0.0])))
    assert jacobian_ranks(linear, normal(5, 3)).tolist() == pytest.approx([expected] * 5)
    assert linear.weight.grad is None


def test_the_jacobian_is_taken_at_each_z():
    def bent(z):  # (z1, z2^2): of rank 1 where z2 = 0, of equal singular values where z2 = 1/2
        return torch.stack([z[:, 0], z[:, 1] ** 2], dim=1).view(-1, 1, 2)

    ranks = jacobian_ranks(bent, torch.tensor([[4.0, 0.0], [4.0, 0.5]]))
    assert ranks.tolist() == pytest.approx([1, 2])


def test_a_condition_after_z_is_not_differentiated():
    text = torch.tensor([[1.0, 1.0, 5.0], [1.0, 1.0, 0.0]])  # z, z, c
    ranks = jacobian_ranks(lambda both: both[:, 2:] * both[:, :2], text, z_dim=2)
    assert ranks.tolist() == pytest.approx([2, 0])


def test_a_constant_generator_has_no_rank_and_a_broken_one_no_number():
    assert jacobian_ranks(lambda z: 0 * z, normal(2, 3)).tolist() == [0, 0]
    assert jacobian_ranks(lambda z: z / 0, normal(2, 3)).isnan().all()


def test_data_compare_with_themselves_as_one():
    data = normal(200, 5)
    assert CollapseReference(data).indicators(data) == pytest.approx((1, 1, 1))
    other = CollapseReference(data).indicators(normal(200, 5, seed=1))
    assert other.distance_ratio == pytest.approx(1, abs=0.1)
    assert other.rank_ratio == pytest.approx(1, abs=0.1)
    assert other.duplicate_ratio < 10


def test_the_units_of_the_data_do_not_matter():
    data, samples = normal(100, 3), normal(100, 3, seed=1) / 2
    expected = CollapseReference(data).indicators(samples)
    assert CollapseReference(1000 * data).indicators(1000 * samples) == pytest.approx(
        expected, rel=1e-4
    )
    assert expected.distance_ratio == pytest.approx(0.5, abs=0.1)


def test_all_z_to_one_x():
    data = normal(100, 3)
    seen = CollapseReference(data).indicators(data[:1].expand(100, 3))
    pairs = 100 * 99 / 2
    assert (
        seen.duplicate_ratio >= pairs / 10
    )  # every pair of samples, against a handful of pairs of data
    assert (seen.distance_ratio, seen.rank_ratio) == (0, 0)


def test_samples_on_a_line_have_lost_rank_only():
    data = normal(100, 3)
    seen = CollapseReference(data).indicators(data[:, :1] * torch.ones(3))
    assert seen.rank_ratio == pytest.approx(1 / 3, rel=0.05)
    assert seen.distance_ratio > 0.8


def test_samples_without_numbers_are_no_number():
    data = normal(10, 3)
    seen = CollapseReference(data).indicators(torch.full((10, 3), math.inf))
    assert isinstance(seen, CollapseIndicators)
    assert all(math.isnan(value) for value in seen)


def test_what_cannot_be_compared_is_refused(subtests):
    for call, message in [
        (lambda: mean_distance(torch.zeros(1, 2)), "there are 1: give more"),
        (lambda: covariance_rank(torch.zeros(0, 2)), "there are 0: give more"),
        (lambda: duplicate_radius(torch.zeros(3, 2), 0.0), r"quantile is 0\.0; give"),
        (lambda: CollapseReference(torch.ones(3, 2)), "All 3 real images are equal"),
    ]:
        with subtests.test(call=call, message=message):
            with pytest.raises(ValueError, match=message):
                call()
