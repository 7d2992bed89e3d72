"""Networks of Chen et al. (2016): layers, shapes, sizes."""

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from lightning_gan.networks import InfoGANDiscriminator, InfoGANGenerator

SHAPES = [[1, 28, 28], [3, 28, 28], [3, 32, 32], [1, 64, 64]]
NORMS = ["batch", "layer", "instance", "none"]


def make_pair(shape=(1, 28, 28), width=4, hidden=6, norm="batch"):
    torch.manual_seed(0)
    G = InfoGANGenerator(shape, z_dim=7, width=width, hidden=hidden, norm=norm)
    return G, InfoGANDiscriminator(shape, width=width, hidden=hidden, norm=norm)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_range_and_gradients(shape, norm):
    G, D = make_pair(shape, norm=norm)
    x = G(torch.randn(5, 7))
    assert x.shape == (5, *shape)
    assert x.abs().max() <= 1
    assert D(x).shape == (5,)
    (softplus(-D(torch.rand(5, *shape))) + softplus(D(x))).mean().backward()
    for name, parameter in [*G.named_parameters(), *D.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.requires_grad


@pytest.mark.parametrize(
    ("side", "maps"),
    [
        (28, [(128, 7), (64, 14), (1, 28)]),  # the paper's table
        (32, [(128, 8), (64, 16), (1, 32)]),
        (64, [(256, 8), (128, 16), (64, 32), (1, 64)]),
    ],
)
def test_maps_have_the_sizes_of_the_table(side, maps):
    with torch.device("meta"):
        G, D = InfoGANGenerator([1, side, side]), InfoGANDiscriminator([1, side, side])
    seen = {G: [], D: []}
    for network in (G, D):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                layer.register_forward_hook(lambda _, __, y, n=network: seen[n].append(y.shape[1:]))
    D(G(torch.empty(2, 74, device="meta")))
    assert seen[G] == [(c, s, s) for c, s in maps[1:]]
    assert seen[D] == [(c, s, s) for c, s in reversed(maps[:-1])]
    assert D.feature_dim == 1024


def test_normalisation_is_where_the_paper_has_it():
    G, D = make_pair()
    kinds = [type(m).__name__ for m in D.network if not isinstance(m, nn.Flatten | nn.Unflatten)]
    assert kinds == [
        "Conv2d", "LeakyReLU", "Conv2d", "BatchNorm2d", "LeakyReLU", "Linear", "BatchNorm2d",
        "LeakyReLU", "Linear",
    ]  # fmt: skip
    assert {m.negative_slope for m in D.modules() if isinstance(m, nn.LeakyReLU)} == {0.1}
    assert sum(isinstance(m, nn.BatchNorm2d) for m in G.modules()) == 3
    assert [type(m).__name__ for m in G.network][-2:] == ["ConvTranspose2d", "Tanh"]


@pytest.mark.parametrize("norm", ["layer", "instance", "none"])
def test_logits_depend_on_one_image_without_batch_norm(norm):
    _, D = make_pair(norm=norm)
    x = torch.rand(4, 1, 28, 28)
    other = torch.cat([x[:1], torch.rand(3, 1, 28, 28)])
    torch.testing.assert_close(D(x)[0], D(other)[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InfoGANGenerator([3, 48, 48]), r"data_shape \[3, 48, 48\]: give one of \[C, 28, 28\], "),
        (lambda: InfoGANDiscriminator([3, 32, 28]), r"data_shape \[3, 32, 28\]"),
        (lambda: InfoGANGenerator([784]), r"data_shape \[784\]"),
        (lambda: InfoGANGenerator([1, 28, 28], hidden=0), "hidden is 0; give"),
        (lambda: InfoGANDiscriminator([1, 28, 28], slope=-0.1), "slope is -0.1; give"),
        (lambda: InfoGANGenerator([1, 28, 28], norm="group"), "norm 'group': give batch, layer, "),
    ],
)  # fmt: skip
def test_invalid_arguments_are_an_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()
