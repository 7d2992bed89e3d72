"""Density of one-dimensional generators, compared with closed forms; rank of the Jacobian."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Exponential, MixtureSameFamily, Normal, Uniform

from lightning_gan.analysis.generator_density import (
    compute_generator_density,
    compute_jacobian_rank,
    estimate_by_samples,
)
from lightning_gan.networks import LinearMLPGenerator, MLPGenerator


class Function(nn.Module):
    """Generator x = f(z)."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, z):
        return self.f(z)


def make_affine(scale, shift):
    generator = LinearMLPGenerator([1], z_dim=1, widths=())
    with torch.no_grad():
        generator.network[0].weight.fill_(scale)
        generator.network[0].bias.fill_(shift)
    return generator


def test_a_linear_g_of_uniform_noise_is_uniform(subtests):
    for scale in [0.5, -3.0]:
        with subtests.test(scale=scale):
            p_g = compute_generator_density(make_affine(scale, 2.0), Uniform(-1.0, 1.0))
            assert p_g.how == "change of variables at 4,001 points"
            torch.testing.assert_close(p_g.p, torch.full_like(p_g.p, 0.5 / abs(scale)))
            assert p_g.x[[0, -1]].tolist() == pytest.approx(
                [2 - abs(scale), 2 + abs(scale)], abs=1e-6
            )
            assert (p_g.x.diff() > 0).all()


def test_a_linear_g_of_gaussian_noise_is_gaussian(subtests):
    for scale in [0.5, -3.0]:
        with subtests.test(scale=scale):
            p_g = compute_generator_density(make_affine(scale, 2.0), Normal(0.0, 1.0))
            expected = Normal(2.0, abs(scale)).log_prob(p_g.x).exp()
            torch.testing.assert_close(p_g.p, expected, rtol=1e-6, atol=1e-9)
            assert torch.trapezoid(p_g.p, p_g.x).item() == pytest.approx(1, abs=1e-5)


def test_a_monotone_g_has_the_density_of_its_closed_form():
    p_g = compute_generator_density(Function(torch.exp), Normal(0.0, 1.0))  # log-normal
    expected = Normal(0.0, 1.0).log_prob(p_g.x.log()).exp() / p_g.x
    torch.testing.assert_close(p_g.p, expected)


def test_the_density_integrates_to_one(subtests):
    for f, p_z in [
        (torch.sinh, Uniform(-2.0, 2.0)),
        (torch.atanh, Uniform(-0.99, 0.99)),
        (torch.square, Uniform(-1.0, 1.0)),
        (torch.sin, Normal(0.0, 2.0)),
    ]:
        with subtests.test(f=f, p_z=p_z):
            p_g = compute_generator_density(Function(f), p_z)
            assert torch.trapezoid(p_g.p, p_g.x).item() == pytest.approx(1, abs=1e-3)
            assert (p_g.weights * p_g.p).sum().item() == pytest.approx(1, abs=1e-6)


def test_the_weights_integrate_any_function():
    p_g = compute_generator_density(Function(torch.sinh), Uniform(-2.0, 2.0))
    mean_square = (p_g.weights * p_g.p * p_g.x.square()).sum().item()
    assert mean_square == pytest.approx((math.sinh(4) / 4 - 1) / 2, rel=1e-5)  # E sinh^2


def test_a_g_that_is_not_monotone_is_estimated_from_samples():
    p_g = compute_generator_density(Function(torch.square), Uniform(-1.0, 1.0))
    assert "100,000 samples of G at even quantiles of p_z, Gaussian kernel" in p_g.how
    x = torch.linspace(
        0.2, 0.85, 50, dtype=torch.float64
    )  # away from the pole at 0 and the edge at 1
    torch.testing.assert_close(p_g.at(x), 0.5 / x.sqrt(), rtol=0.02, atol=0)


def test_a_g_with_constant_parts_is_estimated_from_samples():
    assert (
        "samples" in compute_generator_density(Function(nn.functional.relu), Uniform(-1.0, 1.0)).how
    )
    with pytest.raises(ValueError, match=r"All 100,000 samples of G are 3, so p_g has no density"):
        compute_generator_density(Function(lambda z: 0 * z + 3), Uniform(-1.0, 1.0))


def test_samples_of_a_gaussian_give_its_density_blurred_by_the_kernel():
    draws = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    p_g = estimate_by_samples(draws)
    width = 0.9 * 1e5**-0.2
    x = torch.linspace(-3, 3, 61, dtype=torch.float64)
    blurred = Normal(0.0, math.hypot(1, width)).log_prob(x).exp()
    noise = (
        blurred / (2 * math.sqrt(math.pi) * width * 1e5)
    ).sqrt()  # standard error of a kernel estimate
    assert ((p_g.at(x) - blurred).abs() < 5 * noise).all()
    assert f"width {width:.2g}" in p_g.how


def test_outside_the_range_of_g_the_density_is_0():
    p_g = compute_generator_density(make_affine(1.0, 0.0), Uniform(-1.0, 1.0))
    assert p_g.at(torch.tensor([-1.5, 0.3, 1.5], dtype=torch.float64)).tolist() == pytest.approx(
        [0, 0.5, 0]
    )


def test_the_generator_is_not_changed():
    generator = LinearMLPGenerator([1], z_dim=1, widths=(4,), activation=nn.Tanh).train()
    before = {k: v.clone() for k, v in generator.state_dict().items()}
    compute_generator_density(generator, Uniform(-1.0, 1.0))
    assert generator.training
    for name, value in generator.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in generator.parameters())


def test_other_dimensions_and_distributions_are_errors():
    with pytest.raises(ValueError, match=r"G's output for one noise variable has shape \[2\]"):
        compute_generator_density(LinearMLPGenerator([2], z_dim=1), Uniform(-1.0, 1.0))
    mixture = MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(2)), Normal(torch.zeros(2), torch.ones(2))
    )
    with pytest.raises(ValueError, match="MixtureSameFamily has no quantile function"):
        compute_generator_density(make_affine(1.0, 0.0), mixture)


def test_a_half_infinite_support_has_quantiles():
    p_g = compute_generator_density(
        make_affine(2.0, 0.0), Exponential(torch.tensor(1.0, dtype=torch.float64))
    )
    torch.testing.assert_close(p_g.p, 0.5 * torch.exp(-p_g.x / 2))


def test_samples_of_few_noise_variables_lie_on_a_surface():
    generator = LinearMLPGenerator([5], z_dim=2, widths=())
    rank, values = compute_jacobian_rank(generator, torch.zeros(2))
    expected = torch.linalg.svdvals(generator.network[0].weight.detach().double())
    assert rank == 2
    torch.testing.assert_close(values, expected)


def test_a_g_that_ignores_a_noise_variable_has_a_lower_rank():
    torch.manual_seed(0)
    generator = MLPGenerator([1, 6, 6], z_dim=8, widths=[20, 20])
    with torch.no_grad():
        generator.hidden[0].weight[:, 3:] = 0
    assert compute_jacobian_rank(generator, torch.ones(8))[0] == 3
