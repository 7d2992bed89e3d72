"""Equations 16 and 17 of Miyato et al. (2018), in float64."""

import torch
from equations import FAKE, REAL, Points, assert_same

from lightning_gan.losses import Hinge


def test_losses_equal_equations_16_and_17():
    zero = torch.zeros(5, dtype=torch.float64)
    assert_same(
        Hinge().d_loss,
        lambda r, f: -torch.minimum(zero, r - 1).mean() - torch.minimum(zero, -1 - f).mean(),
        REAL,
        FAKE,
    )
    assert_same(Hinge().g_loss, lambda f: -f.sum() / 5, FAKE)


def test_gradient_vanishes_beyond_the_margin_for_d_only():
    scores = torch.tensor([-100.0, -1.01, -0.99, 0.99, 1.01, 100.0], requires_grad=True)
    real = torch.zeros(6)

    def pull(value):
        return (6 * torch.autograd.grad(value, scores)[0]).tolist()

    assert pull(Hinge().d_loss(scores, real)) == [-1, -1, -1, -1, 0, 0]
    assert pull(Hinge().d_loss(real, scores)) == [0, 0, 1, 1, 1, 1]
    assert pull(Hinge().g_loss(scores)) == [-1] * 6


def test_optimal_d_is_a_sign_with_loss_2_minus_twice_the_total_variation():
    points = Points()
    best = (points.p_data - points.p_g).sign()
    variation = (points.p_data - points.p_g).abs().sum() / 2
    least = Hinge().d_loss(*points.scores(best))
    torch.testing.assert_close(least, 2 - 2 * variation)
    rng = torch.Generator().manual_seed(0)
    others = 3 * torch.randn(500, 3, generator=rng, dtype=torch.float64)
    assert all(Hinge().d_loss(*points.scores(other)) > least - 1e-12 for other in others)


def test_equal_logits_give_loss_2_inside_the_margin_and_more_outside():
    for score in (-1.0, -0.3, 0.0, 0.8, 1.0):
        same = torch.full([4], score, dtype=torch.float64)
        assert abs(Hinge().d_loss(same, same).item() - 2) < 1e-12
    outside = torch.full([4], 1.5, dtype=torch.float64)
    assert Hinge().d_loss(outside, outside).item() == 2.5
