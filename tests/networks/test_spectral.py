"""Spectral normalisation of D: norms, updates of the vectors, copies, checkpoints."""

import copy

import pytest
import torch
from model_factory import SHAPE, Batches, momentum_sgd, trainer
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import (
    ConvMaxoutDiscriminator,
    DCGANDiscriminator,
    KPlusOneDiscriminator,
    MaxoutDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    SpectralNormDiscriminator,
)
from lightning_gan.priors import Uniform


def weights(D):
    return [m for m in D.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


def largest_singular_value(layer):
    return torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()


def test_every_layer_has_spectral_norm_1(subtests):
    for make in [
        lambda: MLPDiscriminator([4], widths=[8, 8]),
        lambda: MaxoutDiscriminator([4], widths=[6], pieces=3, irange=0.5),
        lambda: DCGANDiscriminator([1, 28, 28], width=4),
        lambda: ConvMaxoutDiscriminator([3, 32, 32], units=6, irange=0.1),
    ]:
        with subtests.test(make=make):
            torch.manual_seed(0)
            D = SpectralNormDiscriminator(make(), iterations=100)
            D(torch.randn(2, *D.data_shape))
            norms = [largest_singular_value(layer) for layer in weights(D)]
            assert len(norms) >= 2
            assert norms == pytest.approx([1] * len(norms), rel=0.02)


def test_one_iteration_in_each_forward_pass_converges():
    torch.manual_seed(0)
    D = SpectralNormDiscriminator(MLPDiscriminator([30], widths=[40]))
    with torch.no_grad():  # another largest direction than the one that it knows
        D.inner.network[0].parametrizations.weight.original.normal_()
    far = largest_singular_value(D.inner.network[0])
    for _ in range(100):
        D(torch.randn(2, 30))
    assert far > 1.2
    assert largest_singular_value(D.inner.network[0]) == pytest.approx(1, rel=0.02)


def test_d_is_1_lipschitz():
    D = SpectralNormDiscriminator(MLPDiscriminator([5], widths=[32, 32]), iterations=20)
    D(torch.zeros(1, 5))
    x = (3 * torch.randn(500, 5)).requires_grad_()
    (slopes,) = torch.autograd.grad(D.eval()(x).sum(), x)
    assert 0 < slopes.norm(dim=1).max() <= 1.001


def test_singular_vectors_change_in_updates_of_d_only(tmp_path):
    torch.manual_seed(0)
    D = SpectralNormDiscriminator(MLPDiscriminator(SHAPE, widths=[8, 8]))
    G = MLPGenerator(SHAPE, z_dim=3, widths=[8])
    gan = GAN(G, D, NonSaturating(), Uniform(), d_optimizer=momentum_sgd, g_optimizer=momentum_sgd)
    moved = {"d": [], "g": []}

    def watched(network, objective):
        def compute(batch):
            before = [b.clone() for b in D.buffers()]
            loss = objective(batch)
            moved[network] += [
                not torch.equal(a, b) for a, b in zip(before, D.buffers(), strict=True)
            ]
            return loss

        return compute

    gan.d_objective, gan.g_objective = (
        watched("d", gan.d_objective), watched("g", gan.g_objective),
    )  # fmt: skip
    trainer(tmp_path, max_steps=2).fit(gan, Batches(2))
    assert len(moved["d"]) == len(moved["g"]) == 2 * 6  # u and v of three layers
    assert sum(moved["d"]) >= 8  # those of a layer with one row have nowhere to go
    assert not any(moved["g"])


def test_copy_and_checkpoint_give_the_same_logits():
    D = SpectralNormDiscriminator(DCGANDiscriminator([1, 28, 28], width=2))
    x = torch.randn(4, 1, 28, 28)
    D(x)
    expected = D.eval()(x)
    torch.testing.assert_close(copy.deepcopy(D)(x), expected, rtol=0, atol=0)
    again = SpectralNormDiscriminator(DCGANDiscriminator([1, 28, 28], width=2)).eval()
    again.load_state_dict(D.state_dict())
    torch.testing.assert_close(again(x), expected, rtol=0, atol=0)


def test_replaced_last_layer_is_normalised():
    D = KPlusOneDiscriminator(SpectralNormDiscriminator(MLPDiscriminator([4], widths=[8])), 3)
    assert all(is_parametrized(w, "weight") for w in weights(D))
    assert D.logits(torch.randn(5, 4)).shape == (5, 3)


# packs
