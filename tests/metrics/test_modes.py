"""Mode coverage of data with known values."""

import math

import pytest
import torch

from datamodules import Ring
from lightning_gan.metrics.modes import mode_coverage

RING = Ring()


def test_the_data_themselves_cover_all_modes():
    x, _ = RING.draw(20_000, torch.Generator().manual_seed(0))
    modes = mode_coverage(x, RING.means, RING.std)
    assert modes.covered == 8
    # |x - mean| / std is Rayleigh distributed: P(< 3) = 1 - exp(-9 / 2)
    expected = 1 - math.exp(-4.5)
    assert modes.high_quality == pytest.approx(expected, abs=4 * math.sqrt(0.011 / 20_000))
    assert modes.reverse_kl < 1e-3


def test_one_mode_only():
    modes = mode_coverage(RING.means[3].expand(100, 2), RING.means, RING.std)
    assert modes == (1, 1.0, pytest.approx(math.log(8)))


def test_two_modes_in_unequal_shares():
    x = RING.means[[0, 0, 0, 1]]
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert mode_coverage(x, RING.means, RING.std).reverse_kl == pytest.approx(
        math.log(8) - entropy, rel=1e-5
    )


def test_samples_between_the_modes_are_of_no_quality():
    assert mode_coverage(torch.zeros(10, 2), RING.means, RING.std) == (0, 0.0, math.inf)


def test_three_standard_deviations_are_the_border():
    near, far = RING.means[:1] * (1 + 0.0299), RING.means[:1] * (1 + 0.0301)
    assert mode_coverage(near, RING.means, RING.std).covered == 1
    assert mode_coverage(far, RING.means, RING.std).covered == 0


def test_samples_that_do_not_fit_are_refused(subtests):
    for samples in [torch.zeros(0, 2), torch.zeros(4, 3)]:
        with subtests.test(samples=samples):
            with pytest.raises(ValueError, match="give \\[n, d\\]"):
                mode_coverage(samples, RING.means, RING.std)
