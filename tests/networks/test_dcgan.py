"""Networks of Radford et al. (2016): shapes, initial weights, sizes."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from lightning_gan.networks import DCGANDiscriminator, DCGANGenerator

SHAPES = [[1, 28, 28], [3, 28, 28], [1, 32, 32], [3, 32, 32], [3, 64, 64]]


def pair(shape=(3, 32, 32), **options):
    torch.manual_seed(0)
    return DCGANGenerator(shape, **options), DCGANDiscriminator(
        shape, **{k: v for k, v in options.items() if k != "z_dim"}
    )


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_shapes(subtests):
    for kernel, shape in itertools.product([2, 3, 4, 5], SHAPES):
        with subtests.test(shape=shape, kernel=kernel):
            G, D = pair(shape, z_dim=7, width=4, kernel=kernel)
            x = G(torch.randn(5, 7))
            assert x.shape == (5, *shape)
            assert D(x).shape == (5,)
            assert G(torch.randn(1, 7)).shape == (1, *shape)
            assert D(x[:1]).shape == (1,)


def test_maps_have_the_sizes_of_the_table(subtests):
    for side, maps in [
        (28, [(256, 7), (128, 14), (3, 28)]),
        (32, [(512, 4), (256, 8), (128, 16), (3, 32)]),
        (64, [(1024, 4), (512, 8), (256, 16), (128, 32), (3, 64)]),  # the paper's Figure 1
    ]:
        with subtests.test(side=side, maps=maps):
            with torch.device("meta"):
                G, D = DCGANGenerator([3, side, side]), DCGANDiscriminator([3, side, side])
            seen = {G: [], D: []}
            for net in (G, D):
                for layer in net.modules():
                    if isinstance(layer, nn.Unflatten | nn.Conv2d | nn.ConvTranspose2d):
                        layer.register_forward_hook(
                            lambda _, __, y, p=net: seen[p].append(y.shape[1:])
                        )
            D(G(torch.empty(2, 100, device="meta")))
            assert seen[G] == [(c, s, s) for c, s in maps]
            assert seen[D] == [(c, s, s) for c, s in reversed(maps[:-1])]


def test_parameters_equal_those_of_pytorchs_example():
    G, D = pair([3, 64, 64], width=64, kernel=4)
    assert parameters(G) == 3_576_704
    assert parameters(D) == 2_765_568


def test_generated_values_are_in_range():
    G, _ = pair(width=8)
    with torch.no_grad():
        G.network[-2].weight.mul_(100)
    x = G(torch.randn(50, 100))
    assert G.value_range == (-1, 1)
    assert -1 <= x.min() < -0.99
    assert 0.99 < x.max() <= 1


def test_initial_weights_and_scales_are_normal():
    for net in pair(width=64):
        kinds = set()
        for layer in net.modules():
            if not isinstance(layer, nn.BatchNorm2d) and hasattr(layer, "weight"):
                kinds.add(type(layer))
                error = 5 * 0.02 / math.sqrt(layer.weight.numel())  # 5 standard errors
                assert abs(layer.weight.mean().item()) < error
                assert layer.weight.std().item() == pytest.approx(0.02, abs=error)
                assert layer.bias is None
        assert len(kinds) == 2
        scales = torch.cat([m.weight for m in net.modules() if isinstance(m, nn.BatchNorm2d)])
        assert scales.mean().item() == pytest.approx(1, abs=5 * 0.02 / math.sqrt(len(scales)))
        assert scales.std().item() == pytest.approx(0.02, rel=0.2)
        assert not any(m.bias.any() for m in net.modules() if isinstance(m, nn.BatchNorm2d))


def test_batch_norm_is_in_all_layers_but_gs_last_and_ds_first():
    G, D = pair(width=4)
    kinds = [type(m).__name__ for m in [*G.first, *G.network]]
    up = ["ConvTranspose2d", "BatchNorm2d", "ReLU"]
    assert kinds == ["Linear", "Unflatten", "BatchNorm2d", "ReLU", *up, *up, up[0], "Tanh"]
    down = ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    kinds = [type(m).__name__ for m in D.network]
    assert kinds == ["Conv2d", "LeakyReLU", *down, *down, "Flatten", "Linear"]
    assert {m.negative_slope for m in D.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_norm_none_adds_a_bias_to_every_layer_but_ds_last(subtests):
    for norm in ["batch", "layer", "instance", "none"]:
        with subtests.test(norm=norm):
            for net in pair(width=4, norm=norm):
                layers = [
                    m
                    for m in net.modules()
                    if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
                ]
                there = [layer.bias is not None for layer in layers]
                scores = isinstance(net, DCGANDiscriminator)
                assert there == [
                    norm == "none" and not (scores and x is layers[-1]) for x in layers
                ]


def test_outputs_are_logits():
    _, D = pair(width=8)
    with torch.no_grad():
        D.network[-1].weight.mul_(1000)
    scores = D(torch.randn(20, 3, 32, 32))
    assert scores.min() < 0
    assert scores.max() > 1


def test_every_parameter_has_a_gradient(subtests):
    for shape in SHAPES:
        with subtests.test(shape=shape):
            G, D = pair(shape, width=4)
            x = torch.rand(8, *shape) * 2 - 1
            (softplus(-D(x)) + softplus(D(G(torch.randn(8, 100))))).mean().backward()
            for net in (G, D):
                for name, parameter in net.named_parameters():
                    assert parameter.grad is not None, name
                    assert parameter.grad.abs().max() > 0, name


def test_invalid_sizes_are_an_error(subtests):
    for make, message in [
        (
            lambda: DCGANGenerator([3, 48, 48]),
            r"data_shape \[3, 48, 48\]: give one of \[C, 28, 28\], ",
        ),
        (lambda: DCGANDiscriminator([3, 32, 28]), r"data_shape \[3, 32, 28\]"),
        (lambda: DCGANGenerator([784]), r"data_shape \[784\]"),
        (lambda: DCGANGenerator([3, 32, 32], width=0), "width is 0; give"),
        (lambda: DCGANDiscriminator([3, 32, 32], kernel=1), "kernel is 1; give"),
        (lambda: DCGANGenerator([3, 32, 32], z_dim=0), "z_dim is 0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
