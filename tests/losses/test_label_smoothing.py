"""Section 3.4 of Salimans et al. (2016), in float64."""

import pytest
import torch
from equations import FAKE, REAL, Points, assert_same

from lightning_gan.losses import NonSaturating, OneSidedLabelSmoothing


@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_only_targets_of_real_examples_are_smoothed(smoothing):
    t = 1 - smoothing

    def equation(r, f):
        d_x, d_gz = r.sigmoid(), f.sigmoid()
        of_examples = t * d_x.log().mean() + (1 - t) * (1 - d_x).log().mean()
        return -of_examples - (1 - d_gz).log().mean()

    assert_same(OneSidedLabelSmoothing(smoothing).d_loss, equation, REAL, FAKE)


def test_default_target_is_0_9():
    assert OneSidedLabelSmoothing().smoothing == 0.1


def test_g_loss_is_non_saturating():
    assert_same(OneSidedLabelSmoothing().g_loss, lambda f: -f.sigmoid().log().mean(), FAKE)


def test_zero_smoothing_equals_non_saturating():
    assert_same(OneSidedLabelSmoothing(0.0).d_loss, NonSaturating().d_loss, REAL, FAKE)


def test_optimal_d_is_t_p_data_over_the_sum():
    points, t = Points(), 0.8
    best = (t * points.p_data / (points.p_data + points.p_g)).logit()
    pull = points.pull(OneSidedLabelSmoothing(1 - t).d_loss, best)
    torch.testing.assert_close(pull, torch.zeros(3, dtype=torch.float64))


def test_smoothing_outside_its_range_is_an_error(subtests):
    for smoothing in [-0.1, 0.5, 1.0, float("nan")]:
        with subtests.test(smoothing=smoothing):
            with pytest.raises(ValueError, match=r"; give a number of at least 0 and below 0\.5"):
                OneSidedLabelSmoothing(smoothing)
