"""Fully connected networks for low-dimensional data."""

import itertools

import torch
from torch import nn

from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator


def test_shapes(subtests):
    for widths, shape in itertools.product([[], [5], [5, 6]], [[1], [2], [3, 4]]):
        with subtests.test(shape=shape, widths=widths):
            G, D = (
                LinearMLPGenerator(shape, z_dim=3, widths=widths),
                MLPDiscriminator(shape, widths),
            )
            x = G(torch.randn(7, 3))
            assert x.shape == (7, *shape)
            assert D(x).shape == (7,)


def test_activations_are_between_layers_only():
    kinds = [type(m) for m in LinearMLPGenerator([2], widths=[5, 6], activation=nn.Tanh).network]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]


def test_g_without_hidden_layers_is_affine():
    G = LinearMLPGenerator([2], z_dim=3, widths=[])
    z = torch.randn(4, 3)
    torch.testing.assert_close(G(z), z @ G.network[0].weight.T + G.network[0].bias)
