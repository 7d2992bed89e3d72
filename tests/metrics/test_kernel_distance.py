"""The kernel distance against closed forms and against explicit sums."""

import math
import sys

import numpy as np
import pytest
import torch
from point_clouds import cloud
from torch import Tensor

from lightning_gan.metrics import (
    DegenerateWarning,
    KernelDistance,
    KernelDistanceValue,
    kernel_distance,
)

few = pytest.mark.filterwarnings("ignore::lightning_gan.metrics.DegenerateWarning")


def unbiased(x: np.ndarray, y: np.ndarray) -> float:
    """Squared MMD of two equally many vectors, pair by pair."""
    m, d = x.shape

    def mean(a: np.ndarray, b: np.ndarray, pairs: list[tuple[int, int]]) -> float:
        return sum((float(a[i] @ b[j]) / d + 1) ** 3 for i, j in pairs) / len(pairs)

    others = [(i, j) for i in range(m) for j in range(m) if i != j]
    every = [(i, j) for i in range(m) for j in range(m)]
    return mean(x, x, others) + mean(y, y, others) - 2 * mean(x, y, every)


def written_out(x: Tensor, y: Tensor, subsets: int, size: int, seed: int) -> tuple[float, float]:
    rng = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        rows = [rng.choice(len(side), size, replace=False) for side in (x, y)]
        values.append(unbiased(x.double().numpy()[rows[0]], y.double().numpy()[rows[1]]))
    return float(np.mean(values)), float(np.std(values))


def test_means_over_subsets_equal_sums_pair_by_pair(subtests):
    for n, n_real, subsets, size in [
        (20, 30, 10, 12),  # every value of the kernel once
        (90, 80, 4, 12),  # subset by subset
        (13, 200, 6, 12),  # both methods
    ]:
        with subtests.test(n=n, n_real=n_real, subsets=subsets):
            x, y = cloud(n, 5), cloud(n_real, 5, seed=1) + 0.1
            value = kernel_distance(x, y, subsets, size, seed=3)
            assert value == pytest.approx(written_out(x, y, subsets, size, seed=3), rel=1e-10)


def test_blocks_that_do_not_divide_the_vectors_change_nothing(monkeypatch):
    x, y = cloud(41, 5), cloud(37, 5, seed=1)
    whole = kernel_distance(x, y, 30, 20)
    module = sys.modules[KernelDistance.__module__]  # the package's name is the function's
    monkeypatch.setattr(module, "BLOCK", 8)
    assert kernel_distance(x, y, 30, 20) == pytest.approx(whole, rel=1e-10)
    assert kernel_distance(x, y, 2, 20) == pytest.approx(written_out(x, y, 2, 20, 2020), rel=1e-10)


def test_normal_numbers_have_a_closed_form():
    mu, n = 0.5, 3000
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(n, 1, generator=rng), torch.randn(n, 1, generator=rng) + mu
    # E (x y + 1)^3 holds the products of moments; those of N(0, 1) are 0, 1, 0
    expected = 3 * mu**2 + 3 * (mu**2) ** 2 + (mu**3 + 3 * mu) ** 2
    value = kernel_distance(x, y, subsets=100, subset_size=1000)
    assert value.mean == pytest.approx(expected, abs=4 * value.sd / 3**0.5)
    assert value.sd < expected / 4


def test_equal_distributions_are_at_distance_0_on_average():
    sample_sets = [
        kernel_distance(cloud(100, 4, s), cloud(100, 4, 50 + s), 3, 60) for s in range(40)
    ]
    values = np.array([sample_set.mean for sample_set in sample_sets])
    assert values.min() < 0 < values.max()
    assert abs(values.mean()) < 3 * values.std() / 40**0.5


def test_two_points_have_a_closed_form():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0])
    expected = (5 / 2 + 1) ** 3 + (1.25 / 2 + 1) ** 3 - 2 * (-1.5 / 2 + 1) ** 3
    with pytest.warns(DegenerateWarning) as caught:
        value = kernel_distance(a.repeat(6, 1), b.repeat(7, 1), subset_size=6)
    assert value == pytest.approx((expected, 0), abs=1e-12)
    assert [str(w.message).split(" vectors")[0] for w in caught] == [
        "All 6 generated",
        "All 7 real",
    ]


def test_fewer_vectors_than_a_subset_are_all_taken_and_warned_of():
    x, y = cloud(20, 5), cloud(9, 5, seed=1)
    with pytest.warns(DegenerateWarning, match="20 generated and 9 real .* subsets of 9"):
        value = kernel_distance(x, y, subsets=5)
    assert value == pytest.approx(written_out(x, y, 5, 9, 2020), rel=1e-10)


def test_the_order_of_arrival_does_not_matter():
    x, y = cloud(60, 5), cloud(70, 5, seed=1)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    metric = KernelDistance(y, subsets=5, subset_size=30)
    for places in (order[:0], order[:7], order[7:]):
        metric.update(x[places], places)
    value = metric.compute()
    assert isinstance(value, KernelDistanceValue)
    assert value == kernel_distance(x, y, 5, 30)
    assert metric.state_dict() == {}
    assert metric.higher_is_better is False


@few
def test_double_vectors_are_compared_in_double():
    x, y = cloud(9, 5).double() + 1e-9, cloud(9, 5, seed=1).double()
    assert kernel_distance(x, y, 2) == pytest.approx(written_out(x, y, 2, 9, 2020), rel=1e-12)


FINE = torch.ones(4, 2)


def test_bad_input_is_named(subtests):
    for generated, real, subsets, size, words in [
        (FINE[:1], FINE, 1, 2, "two generated vectors, but there are 1"),
        (FINE[:0], FINE, 1, 2, "but there are 0"),
        (FINE, FINE[:1], 1, 2, "two real vectors, but there are 1"),
        (FINE, FINE[:, :1], 1, 2, r"generated vectors have shape \[4, 2\]: give \[m, 1\]"),
        (FINE * math.nan, FINE, 1, 2, "4 of 4 generated vectors contain NaN"),
        (FINE, FINE * math.inf, 1, 2, "4 of 4 real vectors contain NaN or infinity"),
        (FINE, FINE, 0, 2, "subsets is 0; give"),
        (FINE, FINE, 1, 1, "subset_size is 1; give"),
    ]:
        with subtests.test(generated=generated, real=real, subsets=subsets):
            with pytest.raises(ValueError, match=words):
                kernel_distance(generated, real, subsets, size)


def test_a_metric_refuses_bad_real_vectors_before_any_sample_is_drawn():
    with pytest.raises(ValueError, match="two real vectors, but there are 1"):
        KernelDistance(FINE[:1])
