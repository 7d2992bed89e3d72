"""Small convolutional networks of Metz et al. (2017): sizes of the maps."""

import pytest
import torch
from torch import nn

from lightning_gan.networks import SmallConvolutionalDiscriminator, SmallConvolutionalGenerator


def test_maps_have_the_sizes_of_the_table():
    G, D = SmallConvolutionalGenerator([3, 28, 28]), SmallConvolutionalDiscriminator([3, 28, 28])
    sizes = []
    for network in (G, D):
        for layer in network.modules():
            if isinstance(layer, nn.Unflatten | nn.Conv2d | nn.ConvTranspose2d):
                layer.register_forward_hook(lambda _, __, y: sizes.append(tuple(y.shape[1:])))
    D(G(torch.randn(2, 256)))
    made = [(64, 4, 4), (32, 7, 7), (16, 14, 14), (8, 28, 28), (3, 28, 28)]
    assert sizes == [*made, (2, 14, 14), (4, 7, 7), (8, 4, 4)]


def test_d_at_width_4_has_twice_the_channels():
    small, large = (SmallConvolutionalDiscriminator([3, 28, 28], width=w) for w in (2, 4))
    assert large.feature_dim == 2 * small.feature_dim == 256


def test_invalid_sizes_are_an_error(subtests):
    for make, message in [
        (
            lambda: SmallConvolutionalGenerator([3, 32, 32]),
            r"data_shape \[3, 32, 32\]: give \[C, 28, 28\]",
        ),
        (lambda: SmallConvolutionalDiscriminator([784]), r"data_shape \[784\]"),
        (lambda: SmallConvolutionalDiscriminator([3, 28, 28], width=0), "width is 0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
