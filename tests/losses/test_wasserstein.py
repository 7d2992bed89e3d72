"""Equation 3 and theorem 3 of Arjovsky et al. (2017), in float64."""

import torch
from equations import FAKE, REAL, assert_same
from scipy.stats import wasserstein_distance

from lightning_gan.losses import Wasserstein


def test_losses_equal_equation_3():
    assert_same(Wasserstein().d_loss, lambda r, f: -(r.sum() / 5 - f.sum() / 5), REAL, FAKE)
    assert_same(Wasserstein().g_loss, lambda f: -f.sum() / 5, FAKE)


def test_d_loss_of_the_optimal_critic_is_minus_the_distance():
    x = torch.tensor([0.3, 1.1, 2.0, 4.5], dtype=torch.float64)
    x_fake = torch.tensor([-2.0, 0.2, 0.9, 1.7], dtype=torch.float64)  # each left of its example
    critic = (
        x,
        x_fake,
    )  # D(x) = x has Lipschitz constant 1, and is the best where all mass moves one way
    distance = wasserstein_distance(x.numpy(), x_fake.numpy())
    torch.testing.assert_close(-Wasserstein().d_loss(*critic).item(), distance)
    torch.testing.assert_close(-Wasserstein().d_loss(3 * x, 3 * x_fake).item(), 3 * distance)


def test_gradient_is_the_same_at_every_output():
    scores = torch.linspace(-100, 100, 201, dtype=torch.float64, requires_grad=True)
    (got,) = torch.autograd.grad(Wasserstein().g_loss(scores) * len(scores), scores)
    assert (got == -1).all()


def test_a_constant_added_to_all_outputs_changes_nothing():
    torch.testing.assert_close(
        Wasserstein().d_loss(REAL + 7, FAKE + 7), Wasserstein().d_loss(REAL, FAKE)
    )
