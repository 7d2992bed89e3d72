"""Jolicoeur-Martineau (2018) and equation 2 of Huang et al. (2024), in float64."""

import math

import pytest
import torch
from equations import FAKE, REAL, assert_same

from lightning_gan.losses import RelativisticAverage, RelativisticPairing

BOTH = [RelativisticPairing(), RelativisticAverage()]
either = pytest.mark.parametrize("loss", BOTH, ids=lambda loss: type(loss).__name__)


def test_pairing_equals_its_equation():
    assert_same(
        RelativisticPairing().d_loss, lambda r, f: -(r - f).sigmoid().log().sum() / 5, REAL, FAKE
    )
    assert_same(
        RelativisticPairing().g_loss, lambda f, r: -(f - r).sigmoid().log().sum() / 5, FAKE, REAL
    )


def test_average_equals_its_equation_with_gradients_through_the_means():
    def d_equation(r, f):
        of_examples = (r - f.mean()).sigmoid()
        of_samples = (f - r.mean()).sigmoid()
        return -of_examples.log().mean() - (1 - of_samples).log().mean()

    def g_equation(f, r):
        of_examples = (r - f.mean()).sigmoid()
        of_samples = (f - r.mean()).sigmoid()
        return -of_samples.log().mean() - (1 - of_examples).log().mean()

    assert_same(RelativisticAverage().d_loss, d_equation, REAL, FAKE)
    assert_same(RelativisticAverage().g_loss, g_equation, FAKE, REAL)


@either
def test_a_constant_added_to_all_logits_changes_nothing(loss):
    torch.testing.assert_close(loss.d_loss(REAL + 7, FAKE + 7), loss.d_loss(REAL, FAKE))
    torch.testing.assert_close(loss.g_loss(FAKE + 7, REAL + 7), loss.g_loss(FAKE, REAL))


@either
def test_g_lowers_real_logits_too(loss):
    real = REAL.clone().requires_grad_()
    (pull,) = torch.autograd.grad(loss.g_loss(FAKE, real), real)
    assert (pull > 0).all()


def test_equal_logits_give_log_2_and_log_4():
    same = torch.full([4], 3.0, dtype=torch.float64)
    for loss, value in zip(BOTH, (math.log(2), math.log(4)), strict=True):
        assert loss.d_loss(same, same).item() == pytest.approx(value)
        assert loss.g_loss(same, same).item() == pytest.approx(value)


def test_only_pairing_depends_on_the_order():
    pairing, average = (loss.d_loss(REAL.flip(0), FAKE) - loss.d_loss(REAL, FAKE) for loss in BOTH)
    assert abs(pairing) > 0.01
    assert abs(average) < 1e-12


def test_pairing_of_unequal_batches_is_an_error(subtests):
    for m in [1, 4]:
        with subtests.test(m=m):
            fewer = FAKE[:m]
            said = (
                rf"real logits \[5\] and generated logits \[{m}\]: give as many real as generated"
            )
            with pytest.raises(ValueError, match=said):
                RelativisticPairing().d_loss(REAL, fewer)
            with pytest.raises(ValueError, match=said):
                RelativisticPairing().g_loss(fewer, REAL)
            with pytest.raises(
                ValueError, match=r"real logits \[5, 1\]"
            ):  # a D that forgot to squeeze
                RelativisticPairing().d_loss(REAL[:, None], FAKE)


def test_average_accepts_unequal_batches():
    got = RelativisticAverage().d_loss(REAL, FAKE[:2])
    want = RelativisticAverage().d_loss(REAL.repeat(2), FAKE[:2].repeat(5))
    torch.testing.assert_close(got, want)


@either
def test_g_needs_real_logits(loss):
    with pytest.raises(ValueError, match=r"call g_loss\(fake, real\)"):
        loss.g_loss(FAKE)
