"""Equation 1 and section 3 of Goodfellow et al. (2014), against their closed forms in float64."""

import math

import pytest
import torch

from lightning_gan.losses import Minimax, NonSaturating

real = torch.tensor([0.5, -2.0, 3.0], dtype=torch.float64)
LINEAR = 3e-9  # torch's softplus is a straight line above 20, where exp(-20) = 2e-9 is what it leaves out
fake = torch.tensor([-1.0, 0.2, 1.5], dtype=torch.float64)


def test_d_loss_is_minus_equation_1():
    value = real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()
    for loss in (Minimax(), NonSaturating()):
        torch.testing.assert_close(loss.d_loss(real, fake), -value)


def test_minimax_g_minimises_log_one_minus_d():
    torch.testing.assert_close(Minimax().g_loss(fake), (1 - fake.sigmoid()).log().mean())


def test_non_saturating_g_maximises_log_d():
    torch.testing.assert_close(NonSaturating().g_loss(fake), -fake.sigmoid().log().mean())


def test_g_gradient_is_the_closed_form_up_to_logits_of_100(subtests):
    for loss, gradient in [
        (Minimax(), lambda s: -s.sigmoid()),
        (NonSaturating(), lambda s: s.sigmoid() - 1),
    ]:
        with subtests.test(loss=loss, gradient=gradient):
            scores = torch.linspace(-100, 100, 401, dtype=torch.float64, requires_grad=True)
            (got,) = torch.autograd.grad(loss.g_loss(scores) * len(scores), scores)
            torch.testing.assert_close(got, gradient(scores.detach()), rtol=LINEAR, atol=1e-14)


def test_d_gradient_is_the_closed_form_up_to_logits_of_100():
    r = torch.linspace(-100, 100, 401, dtype=torch.float64, requires_grad=True)
    f = r.detach().clone().requires_grad_()
    got = torch.autograd.grad(Minimax().d_loss(r, f) * len(r), (r, f))
    want = (r.detach().sigmoid() - 1, f.detach().sigmoid())
    torch.testing.assert_close(got, want, rtol=LINEAR, atol=1e-14)


def test_values_at_logits_of_100_are_the_closed_forms():
    s = torch.tensor([100.0])
    assert Minimax().g_loss(s).item() == -100
    assert Minimax().g_loss(-s).item() == pytest.approx(-math.exp(-100), rel=1e-6)
    assert NonSaturating().g_loss(-s).item() == 100
    assert Minimax().d_loss(-s, s).item() == 200


def test_non_saturating_gradient_does_not_vanish_where_minimax_does():
    rejected = torch.tensor([-20.0], dtype=torch.float64, requires_grad=True)
    (strong,) = torch.autograd.grad(NonSaturating().g_loss(rejected), rejected)
    (weak,) = torch.autograd.grad(Minimax().g_loss(rejected), rejected)
    assert strong.abs() > 0.999
    assert weak.abs() < 1e-8


def test_zero_logits_give_the_value_of_the_equilibrium():
    zero = torch.zeros(5)
    assert Minimax().d_loss(zero, zero).item() == pytest.approx(math.log(4))
