"""Encoders: shapes and log-likelihoods."""

import itertools

import pytest
import torch
from torch.distributions import Normal

from lightning_gan.networks import Encoder, GaussianEncoder


def test_shapes(subtests):
    for widths, kind in itertools.product([[], [5], [5, 6]], [Encoder, GaussianEncoder]):
        with subtests.test(kind=kind, widths=widths):
            E = kind([1, 3, 4], z_dim=2, widths=widths)
            x, z = torch.rand(7, 1, 3, 4), torch.randn(7, 2)
            assert E(x).shape == (7, 2)
            assert E.nats(z, x).shape == (7,)


def test_nats_are_those_of_a_gaussian_of_variance_1_around_the_mean():
    E = Encoder([4], z_dim=3, widths=[])
    x, z = torch.rand(5, 4), torch.randn(5, 3)
    torch.testing.assert_close(E.nats(z, x), -Normal(E(x), 1.0).log_prob(z).sum(1))


def test_nats_are_those_of_the_predicted_gaussian():
    E = GaussianEncoder([4], z_dim=3, widths=[])
    x, z = torch.rand(5, 4), torch.randn(5, 3)
    mean, log_std = E.q(x)
    assert log_std.std() > 0
    torch.testing.assert_close(E.nats(z, x), -Normal(mean, log_std.exp()).log_prob(z).sum(1))
    assert torch.equal(E(x), mean)


def test_encoder_without_hidden_layers_is_affine():
    E = Encoder([2, 2], z_dim=3, widths=[])
    x = torch.rand(4, 2, 2)
    last = E.network[-1]
    torch.testing.assert_close(E(x), x.flatten(1) @ last.weight.T + last.bias)


def test_noise_is_for_training_only():
    E = Encoder([4], z_dim=3, widths=[], noise=0.5)
    x = torch.rand(4, 4)
    assert not torch.equal(E(x), E(x))
    assert torch.equal(E.eval()(x), E(x))


def test_nats_are_finite_for_extreme_deviations():
    E = GaussianEncoder([1], z_dim=1, widths=[])
    with torch.no_grad():
        E.network[-1].bias.fill_(-1e4)
    assert E.nats(torch.zeros(1, 1), torch.zeros(1, 1)).isfinite().all()


def test_z_dim_0_is_an_error():
    with pytest.raises(ValueError, match="z_dim is 0; give"):
        Encoder([4], z_dim=0)
