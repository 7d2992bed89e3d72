"""Interpolation and arithmetic in z, tested with a linear G."""

import math

import pytest
import torch

from lightning_gan import GAN
from lightning_gan.analysis import latent_space
from lightning_gan.analysis.latent_space import LatentGroup
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.priors import Gaussian, Uniform


def make_linear_gan(prior, z_dim=5):
    """Return a GAN whose G is one linear layer."""
    torch.manual_seed(0)
    g, d = LinearMLPGenerator([3], z_dim, widths=()), MLPDiscriminator([3], widths=(4,))
    return GAN(g, d, NonSaturating(), prior)


def draw_normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_linear_path_ends_in_the_samples():
    gan = make_linear_gan(Uniform())
    x = latent_space.interpolate_samples(gan, 4, 7, seed=3)
    assert x.shape == (4, 7, 3)
    ends = gan.sample(8, seed=3)
    torch.testing.assert_close(x[:, 0], ends[:4])
    torch.testing.assert_close(x[:, -1], ends[4:])
    torch.testing.assert_close(x[:, 2], ends[:4] * 4 / 6 + ends[4:] * 2 / 6)


def test_a_great_circle_keeps_the_norm_and_has_even_angles():
    a, b = (torch.nn.functional.normalize(draw_normal(6, 20, seed=s)) * 4 for s in (1, 2))
    t = torch.tensor([0.0, 0.25, 0.5, 1.0])
    path = Gaussian().interpolate(a, b, t)
    assert path.shape == (6, 4, 20)
    torch.testing.assert_close(path.norm(dim=2), torch.full((6, 4), 4.0))
    torch.testing.assert_close(path[:, 0], a)
    torch.testing.assert_close(path[:, 3], b)
    angle = torch.acos((a * b).sum(1) / 16)
    angles = torch.acos((a[:, None] * path[:, 1:3]).sum(2) / 16)
    torch.testing.assert_close(angles, angle[:, None] * t[1:3], rtol=1e-3, atol=1e-4)


def test_a_straight_line_through_a_gaussian_leaves_its_sphere():
    a, b = draw_normal(500, 100, seed=1), draw_normal(500, 100, seed=2)
    half = torch.tensor([0.5])
    straight = Uniform().interpolate(a, b, half).norm(dim=2).mean() / 10
    circle = Gaussian().interpolate(a, b, half).norm(dim=2).mean() / 10
    assert straight.item() == pytest.approx(math.sqrt(0.5), abs=0.01)
    assert circle.item() == pytest.approx(1, abs=0.01)


def test_between_collinear_ends_the_path_is_linear():
    a = draw_normal(3, 4)
    t = torch.linspace(0, 1, 5)
    for b in (-a, a, 2 * a):
        torch.testing.assert_close(Gaussian().interpolate(a, b, t), Uniform().interpolate(a, b, t))


def test_the_condition_is_interpolated_linearly_and_z_on_the_circle():
    class WithCondition(GAN):
        def noise(self, m, rng=None):
            z = self.prior.sample(m, 5, self.device, rng)
            return torch.cat([z, torch.eye(2)[torch.arange(m) % 2]], 1)

    class Identity(LinearMLPGenerator):
        def forward(self, z):
            return z

    gan = WithCondition(Identity([7], 5), MLPDiscriminator([7]), NonSaturating(), Gaussian())
    x = latent_space.interpolate_samples(gan, 1, 3)
    torch.testing.assert_close(x[0, :, 5:], torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]))
    angle = torch.acos(torch.cosine_similarity(x[0, 0, :5], x[0, 2, :5], dim=0))
    halfway = (x[0, 0, :5] + x[0, 2, :5]) / (2 * torch.cos(angle / 2))
    torch.testing.assert_close(x[0, 1, :5], halfway)


def test_for_a_linear_g_the_sum_equals_the_sum_of_outputs():
    gan = make_linear_gan(Uniform())
    a, b, c = (draw_normal(6, 3, 5, seed=s) for s in (1, 2, 3))
    y = latent_space.combine_latents([LatentGroup(1, a), LatentGroup(-1, b), LatentGroup(1, c)])
    made = [gan.generate(z.flatten(0, 1)).view(6, 3, 3).mean(1) for z in (a, b, c)]
    torch.testing.assert_close(gan.generate(y), made[0] - made[1] + made[2])


def test_sums_of_groups_of_three_have_the_variance_of_one_draw():
    groups = [
        LatentGroup(sign, draw_normal(20_000, 3, 4, seed=s)) for s, sign in enumerate((1, -1, 1))
    ]
    assert latent_space.combine_latents(groups).var().item() == pytest.approx(1, abs=0.03)
    single = [LatentGroup(group.sign, group.z[:, :1]) for group in groups]
    assert latent_space.combine_latents(single).var().item() == pytest.approx(3, abs=0.09)


def test_the_fifth_of_nine_points_is_the_result():
    y = draw_normal(7)
    nine = latent_space.sample_around(y, z_dim=5, seed=1, noise=0.25)
    assert nine.shape == (9, 7)
    assert torch.equal(nine[4], y)
    changes = (nine - y)[[0, 1, 2, 3, 5, 6, 7, 8]]
    assert (changes[:, :5].abs() <= 0.25 + 1e-6).all()
    assert (changes[:, :5].abs().amax(1) > 0.05).all()
    assert changes[:, 5:].abs().max() == 0


def test_invalid_sizes_are_errors(subtests):
    for n, steps in [(0, 5), (3, 1)]:
        with subtests.test(n=n, steps=steps):
            with pytest.raises(ValueError, match=rf"n is {n}; give|steps is {steps}; give"):
                latent_space.interpolate_samples(make_linear_gan(Uniform()), n, steps)
