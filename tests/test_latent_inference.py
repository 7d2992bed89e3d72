"""Latent inference for a fixed G: convergence of E, and that G does not change."""

import copy
from functools import partial

import pytest
import torch
from model_factory import SHAPE, Batches, make_model, trainer
from torch import nn
from torch.optim import Adam

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.models.latent_inference import LatentInference, NoiseDataModule
from lightning_gan.networks import Encoder, GaussianEncoder, LinearMLPGenerator, MLPDiscriminator
from lightning_gan.priors import Gaussian
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.training.optimizers import LinearDecay

STEPS = 250


def linear_gan():
    """Make G(z) = W z + b with 2 outputs and 4 noise variables, the last of which G does not use."""
    torch.manual_seed(0)
    G = LinearMLPGenerator([2], z_dim=4, widths=[])
    with torch.no_grad():
        G.network[0].weight.copy_(torch.tensor([[1.0, 0.5, 0.0, 0.0], [0.0, -1.0, 2.0, 0.0]]))
    return GAN(G, MLPDiscriminator([2], widths=[3]), NonSaturating(), Gaussian())


def trained(gan, encoder):
    nn.init.zeros_(encoder.network[-1].weight)  # short to test
    inference = LatentInference(
        gan, encoder, partial(Adam, lr=0.03), partial(LinearDecay, total=STEPS, start=0.2)
    )
    train_in_memory(inference, NoiseDataModule(gan, batch_size=256, seed=1), STEPS)
    return inference


@pytest.fixture(scope="module")
def gan():
    return linear_gan()


@pytest.fixture(scope="module")
def linear(gan):
    return trained(gan, Encoder([2], z_dim=4, widths=[]))


def layer(gan):
    return gan.generator.network[0]


def test_linear_e_converges_to_the_pseudo_inverse_of_a_linear_g(gan, linear):
    inverse = torch.linalg.pinv(layer(gan).weight.detach())
    last = linear.encoder.network[-1]
    torch.testing.assert_close(last.weight.detach(), inverse, atol=0.02, rtol=0)
    torch.testing.assert_close(
        last.bias.detach(), -inverse @ layer(gan).bias.detach(), atol=0.02, rtol=0
    )


def test_explained_variance_is_the_diagonal_of_the_projection(gan, linear):
    weight = layer(gan).weight.detach()
    projection = (torch.linalg.pinv(weight) @ weight).diagonal()
    share, error = linear.explained_variance(20_000, seed=3)
    assert projection[3] == 0
    assert 0.2 < projection[:3].min() < projection.max() < 0.9
    assert ((share - projection).abs() <= 4 * error).all()
    assert error.max() < 0.02


def test_standard_error_is_smaller_for_larger_explained_variance(gan, linear):
    again = linear.explained_variance(20_000, seed=3)
    with torch.no_grad():
        worse = copy.deepcopy(linear)
        worse.encoder.network[-1].weight.zero_()
    assert (worse.explained_variance(20_000, seed=3).share[:3] < again.share[:3] - 0.1).all()


def test_gaussian_e_predicts_the_standard_deviation(gan):
    encoder = trained(gan, GaussianEncoder([2], z_dim=4, widths=[])).encoder
    weight = layer(gan).weight.detach()
    left = 1 - (torch.linalg.pinv(weight) @ weight).diagonal()
    _, log_std = encoder.q(gan.sample(500))
    torch.testing.assert_close((2 * log_std).exp().mean(0), left, atol=0.05, rtol=0)


def test_g_does_not_change(tmp_path):
    gan = make_model(ema_half_life=20.0)
    trainer(tmp_path, max_steps=3).fit(gan, Batches(4))
    gan.train()
    before = copy.deepcopy(gan.state_dict())
    inference = LatentInference(gan, Encoder(SHAPE, z_dim=3, widths=[4]))
    weight = inference.encoder.network[-1].weight.detach().clone()
    train_in_memory(inference, NoiseDataModule(gan, batch_size=8), 5)
    assert not torch.equal(weight, inference.encoder.network[-1].weight)
    for name, value in gan.state_dict().items():
        assert torch.equal(value, before[name]), name
    for name, value in inference.generator.state_dict().items():
        assert torch.equal(value, gan.ema.module.state_dict()[name]), name
    assert not any(p.requires_grad for p in inference.generator.parameters())
    assert all(p.requires_grad for p in gan.generator.parameters())


def test_g_is_the_average_if_there_is_one(tmp_path):
    gan = make_model(ema_half_life=20.0)
    trainer(tmp_path, max_steps=3).fit(gan, Batches(4))
    z = torch.randn(4, 3)
    inference = LatentInference(gan, Encoder(SHAPE, z_dim=3)).train()
    torch.testing.assert_close(inference.generate(z), gan.generate(z))
    assert not torch.allclose(inference.generate(z), gan.generator.eval()(z))


def test_inference_restores_the_mode():
    inference = LatentInference(make_model(), Encoder(SHAPE, z_dim=3, noise=0.5)).train()
    x = torch.rand(6, *SHAPE)
    torch.testing.assert_close(inference.infer(x), inference.infer(x, batch_size=2))
    assert inference.encoder.training
    assert not inference.generator.training
    inference.encoder.eval()
    torch.testing.assert_close(inference.reconstruct(x), inference.generate(inference.encoder(x)))


def test_refine_finds_z_with_g_of_z_equal_to_x(gan, linear):
    x = gan.sample(5, seed=9)
    z = linear.refine(x, torch.zeros(5, 4), steps=150, rate=0.1)
    torch.testing.assert_close(linear.generate(z), x, atol=1e-2, rtol=0)
    assert torch.equal(z, linear.refine(x, torch.zeros(5, 4), steps=150, rate=0.1))


def test_refine_treats_examples_separately(gan, linear):
    x = gan.sample(3, seed=9)
    together = linear.refine(x, torch.zeros(3, 4), steps=20)
    torch.testing.assert_close(linear.refine(x[1:2], torch.zeros(1, 4), steps=20), together[1:2])


def test_noise_is_seeded_and_differs_between_batches(gan):
    first, again = (iter(NoiseDataModule(gan, 4, seed=5).train_dataloader()) for _ in range(2))
    a, b = next(first)[0], next(first)[0]
    assert a.shape == (4, 4)
    assert not torch.equal(a, b)
    assert torch.equal(next(again)[0], a)
    assert not torch.equal(next(iter(NoiseDataModule(gan, 4, seed=6).train_dataloader()))[0], a)


@pytest.mark.filterwarnings("ignore:Found .* in eval mode")  # they are G
def test_checkpoint_holds_e_and_g(gan, linear, tmp_path):
    run = trainer(tmp_path, max_steps=2)
    inference = LatentInference(gan, Encoder([2], z_dim=4))
    run.fit(inference, NoiseDataModule(gan))
    run.save_checkpoint(tmp_path / "e.ckpt")
    again = LatentInference.load_from_checkpoint(
        tmp_path / "e.ckpt", gan=linear_gan(), encoder=Encoder([2], z_dim=4), weights_only=True
    )
    x = gan.sample(5)
    assert torch.equal(again.infer(x), inference.infer(x))


@pytest.mark.parametrize("encoder", [Encoder([3], z_dim=4), Encoder([2], z_dim=5)])
def test_mismatched_e_is_an_error(gan, encoder):
    with pytest.raises(
        ValueError, match=r"but G makes \[2\] from 4: give E G's data_shape and z_dim"
    ):
        LatentInference(gan, encoder)


def test_batch_size_0_is_an_error(gan):
    with pytest.raises(ValueError, match="batch_size is 0"):
        NoiseDataModule(gan, batch_size=0)
