"""Noise distributions p(z)."""

import math

import pytest
import torch

from lightning_gan.priors import Gaussian, Uniform

CPU = torch.device("cpu")


def test_uniform_noise_has_unit_variance():
    z = Uniform().sample(20_000, 5, CPU)
    assert z.shape == (20_000, 5)
    assert z.abs().max() <= math.sqrt(3)
    assert z.abs().max() > 0.99 * math.sqrt(3)
    torch.testing.assert_close(z.var(0), torch.ones(5), atol=0.02, rtol=0)


def test_gaussian_noise_is_standard_normal():
    z = Gaussian().sample(20_000, 5, CPU)
    torch.testing.assert_close(z.var(0), torch.ones(5), atol=0.05, rtol=0)
    assert (z.abs() > 2).float().mean().item() == pytest.approx(0.0455, abs=0.005)


def test_given_generator_does_not_use_the_global_one(subtests):
    for prior in [Uniform(), Gaussian()]:
        with subtests.test(prior=prior):
            state = torch.get_rng_state()
            one = prior.sample(3, 2, CPU, torch.Generator().manual_seed(5))
            two = prior.sample(3, 2, CPU, torch.Generator().manual_seed(5))
            assert torch.equal(one, two)
            assert torch.equal(torch.get_rng_state(), state)
            assert not torch.equal(prior.sample(3, 2, CPU), prior.sample(3, 2, CPU))


def test_empty_interval_is_an_error():
    with pytest.raises(ValueError, match=r"from 1\.0 to 0\.0"):
        Uniform(1.0, 0.0)
