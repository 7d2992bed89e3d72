"""Residual networks of SNGAN: sizes, initial weights, blocks, classes."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, interpolate, relu

from lightning_gan.networks import (
    ConditionalBatchNorm2d,
    ResNetDiscriminator,
    ResNetGenerator,
    SpectralNormDiscriminator,
)

TINY = [3, 8, 8]


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def residual_block(layer, h):
    return conv2d(h, layer.weight, layer.bias, padding=layer.padding)


def test_published_networks_have_their_number_of_parameters():
    width, block = 256, 2 * (256 * 256 * 9 + 256) + 256 * 256 + 256 + 4 * 256
    G = ResNetGenerator([3, 32, 32])
    assert (
        parameters(G) == 129 * 16 * width + 3 * block + 2 * width + 3 * (width * 9 + 1) == 4_276_739
    )
    conv, small = 128 * 128 * 9 + 128, 3 * 128 * 9 + 128
    shortcuts = (3 * 128 + 128) + (128 * 128 + 128)
    assert parameters(ResNetDiscriminator([3, 32, 32])) == small + 7 * conv + shortcuts + 128
    assert parameters(SpectralNormDiscriminator(ResNetDiscriminator([3, 32, 32]))) == 1_053_824


def test_shapes(subtests):
    for channels, side in itertools.product([1, 3], [8, 16, 32]):
        with subtests.test(side=side, channels=channels):
            G = ResNetGenerator([channels, side, side], z_dim=5, width=4)
            D = ResNetDiscriminator([channels, side, side], width=6)
            x = G(torch.randn(2, 5))
            assert x.shape == (2, channels, side, side)
            assert -1 <= x.min() < x.max() <= 1
            assert D(x).shape == (2,)
            assert D.features(x).shape == (2, D.feature_dim) == (2, 6)


def test_g_equals_the_blocks_of_the_paper():
    torch.manual_seed(0)
    G = ResNetGenerator(TINY, z_dim=5, width=4).double()
    z = torch.randn(6, 5).double()
    (block,) = G.blocks

    def normed(h):  # BatchNorm as it starts
        return batch_norm(h, None, None, training=True)

    h = G.first(z).view(6, 4, 4, 4)
    residual = residual_block(block.filters[0], interpolate(relu(normed(h)), scale_factor=2))
    residual = residual_block(block.filters[1], relu(normed(residual)))
    h = residual + residual_block(block.shortcut, interpolate(h, scale_factor=2))
    torch.testing.assert_close(G(z), residual_block(G.output, relu(normed(h))).tanh())


def test_d_equals_the_blocks_of_the_paper():
    torch.manual_seed(0)
    D = ResNetDiscriminator(TINY, width=4).double()
    x = torch.randn(5, *TINY).double()
    first, second, third, fourth = D.network[:4]

    def residual(block, h):
        return residual_block(block.filters[1], relu(residual_block(block.filters[0], h)))

    h = avg_pool2d(residual(first, x), 2) + residual_block(first.shortcut, avg_pool2d(x, 2))
    h = avg_pool2d(residual(second, relu(h)) + residual_block(second.shortcut, h), 2)
    for block in (third, fourth):
        h = h + residual(block, relu(h))
    f = relu(h).sum((2, 3))
    torch.testing.assert_close(D.features(x), f)
    torch.testing.assert_close(D(x), f @ D.last_layer.weight[0])


def test_initial_weights_are_xavier_with_gain_sqrt_2_in_blocks():
    for net in (ResNetGenerator([3, 32, 32], width=64), ResNetDiscriminator([3, 32, 32], 64)):
        convolutions = 0
        for name, layer in net.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                fans = sum(layer.weight.shape[:2]) * layer.weight[0, 0].numel()
                bound = (12 if ".filters." in name else 6) ** 0.5 / fans**0.5
                assert 0.9 * bound < layer.weight.abs().max() <= bound, name
                assert layer.bias is None or not layer.bias.any()
                convolutions += ".filters." in name
        assert convolutions in (6, 8)


def test_conditional_batch_norm_of_one_class_is_batch_norm():
    own, torchs = ConditionalBatchNorm2d(4, 1), nn.BatchNorm2d(4)
    with torch.no_grad():
        for weight, parameter in ((own.scale, torchs.weight), (own.shift, torchs.bias)):
            parameter.normal_()
            weight.copy_(parameter[:, None])
    x = torch.randn(5, 4, 3, 2)
    for _ in range(2):  # training mode, then what was recorded
        torch.testing.assert_close(own(x, torch.ones(5, 1)), torchs(x))
        own.eval(), torchs.eval()


def test_classes_have_own_scales_and_common_statistics():
    norm = ConditionalBatchNorm2d(4, 3)
    with torch.no_grad():
        norm.scale.normal_()
        norm.shift.normal_()
    x, y = torch.randn(6, 4, 3, 2), torch.tensor([0, 1, 2, 2, 1, 0])
    normal = batch_norm(x, None, None, training=True)
    expected = torch.stack(
        [
            normal[i] * norm.scale[:, k, None, None] + norm.shift[:, k, None, None]
            for i, k in enumerate(y)
        ]
    )
    torch.testing.assert_close(norm(x, torch.eye(3)[y]), expected)


def test_g_reads_the_class_in_z_or_separately():
    torch.manual_seed(0)
    G = ResNetGenerator(TINY, z_dim=5, width=4, classes=3).eval()
    assert (G.z_dim, G.condition_dim) == (5, 3)
    with torch.no_grad():
        for norm in G.blocks[0].norms:
            norm.scale.normal_()
    z, c = torch.randn(4, 5), torch.eye(3)[[0, 1, 2, 0]]
    x = G(z, c)
    torch.testing.assert_close(x, G(torch.cat([z, c], 1)))
    assert not torch.allclose(x, G(z, c.roll(1, 0)))
    torch.testing.assert_close(x[:1], G(z[:1], c[:1]))


def test_invalid_sizes_are_an_error(subtests):
    for make, message in [
        (lambda: ResNetGenerator([1, 28, 28]), r"\[1, 28, 28\]: give \[C, S, S\] with S 8, 16, 32"),
        (lambda: ResNetGenerator([3, 4, 4]), "give"),
        (lambda: ResNetDiscriminator([3, 32, 16]), "give"),
        (lambda: ResNetDiscriminator([2]), "give"),
        (lambda: ResNetDiscriminator(TINY, 0), "width is 0; give"),
        (lambda: ResNetGenerator(TINY, classes=-1), "classes is -1"),
        (
            lambda: ResNetGenerator(TINY, 5, 4, classes=3)(torch.zeros(2, 5)),
            "reads 5 numbers and a condition of 3, but got 5 and 0",
        ),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
