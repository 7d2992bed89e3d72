"""Networks for CIFAR-10 of Goodfellow et al. (2014), at full size on the meta device."""

import itertools
from dataclasses import asdict

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from lightning_gan.networks import (
    ConvMaxout,
    ConvMaxoutDiscriminator,
    Convolution,
    DeconvolutionalGenerator,
    MaxoutDiscriminator,
    ReLUSigmoidGenerator,
)

COLOUR = [3, 32, 32]


def full_size(make):
    with torch.device("meta"):
        return make()


def outputs(network, x):
    """Return the name and the output shape of each layer in a forward pass."""
    shapes = []
    handles = [
        layer.register_forward_hook(
            lambda layer, _, y: shapes.append((type(layer).__name__, tuple(y.shape[1:])))
        )
        for layer in network.modules()
        if not list(layer.children())
    ]
    network(x)
    for handle in handles:
        handle.remove()
    return shapes


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_parameters_at_full_size(subtests):
    for make, count in [
        (lambda: ReLUSigmoidGenerator(COLOUR), 89_395_072),
        (lambda: MaxoutDiscriminator(COLOUR, widths=[1600, 1600]), 37_393_601),
        (lambda: DeconvolutionalGenerator(COLOUR), 64_825_072),
        (lambda: ConvMaxoutDiscriminator(COLOUR), 12_454_073),
    ]:
        with subtests.test(make=make, count=count):
            assert parameters(full_size(make)) == count


def test_fully_connected_g_has_the_layers_of_2014():
    G = full_size(lambda: ReLUSigmoidGenerator(COLOUR))
    z = torch.empty(2, 100, device="meta")
    assert outputs(G, z) == [
        ("Linear", (8000,)), ("ReLU", (8000,)), ("Linear", (8000,)), ("Sigmoid", (8000,)), ("Linear", (3072,)),
    ]  # fmt: skip
    assert G(z).shape == (2, 3, 32, 32)


def test_convolutional_g_has_the_layers_of_2014():
    G = full_size(lambda: DeconvolutionalGenerator(COLOUR))
    z = torch.empty(2, 100, device="meta")
    assert outputs(G, z) == [
        ("Linear", (8000,)), ("ReLU", (8000,)), ("Linear", (8000,)), ("Sigmoid", (8000,)),
        ("ConvTranspose2d", (3, 32, 32)),
    ]  # fmt: skip
    assert (G.output.kernel_size, G.output.stride, G.output.padding) == ((5, 5), (3, 3), (0, 0))
    assert G.output.in_channels == 80
    assert G.output.bias is None
    assert G.bias.shape == (3, 32, 32)


def test_convolutional_d_has_the_layers_of_2014():
    D = full_size(lambda: ConvMaxoutDiscriminator(COLOUR))
    x = torch.empty(2, 3, 32, 32, device="meta")
    assert outputs(D, x) == [
        ("GaussianNoise", (3, 32, 32)),  # none at its default
        ("Dropout", (3, 32, 32)), ("MaxPool2d", (32, 16, 16)),
        ("Dropout", (32, 16, 16)), ("MaxPool2d", (32, 7, 7)),
        ("Dropout", (32, 7, 7)), ("MaxPool2d", (192, 5, 5)),
        ("Flatten", (4800,)), ("Dropout", (4800,)), ("Maxout", (500,)),
        ("Dropout", (500,)), ("Linear", (1,)),
    ]  # fmt: skip
    assert D(x).shape == (2,)
    layers = [m for m in D.modules() if isinstance(m, ConvMaxout)]
    maps = [
        torch.empty(2, m.in_channels, s, s, device="meta")
        for m, s in zip(layers, (32, 16, 7), strict=True)
    ]
    filtered = [nn.Conv2d.forward(m, x) for m, x in zip(layers, maps, strict=True)]
    assert [tuple(f.shape[1:]) for f in filtered] == [(64, 33, 33), (64, 15, 15), (384, 9, 9)]
    assert [m.bias.shape for m in layers] == [(64,), (64,), (384,)]  # tied: one for each filter
    assert [m.p for m in D.modules() if isinstance(m, nn.Dropout)] == [0.2, 0.5, 0.5, 0.5, 0.5]


def small(kind):
    """Make networks with the layers of 2014 and few units."""
    if kind == "fully connected":
        return ReLUSigmoidGenerator(COLOUR, 10, [20, 30]), MaxoutDiscriminator(COLOUR, [8, 8])
    sizes = [Convolution(4, 2, 8, 4, 4, 2), Convolution(6, 2, 5, 3, 2, 2)]
    return (
        DeconvolutionalGenerator(COLOUR, 10, [20], [16, 10, 10]),
        ConvMaxoutDiscriminator(COLOUR, sizes, units=8),
    )


def test_batch_norm_is_before_each_relu_and_the_sigmoid(subtests):
    for make in [
        lambda: ReLUSigmoidGenerator(COLOUR, 10, [20, 30], batch_norm=True),
        lambda: DeconvolutionalGenerator(COLOUR, 10, [20], [2, 10, 10], batch_norm=True),
    ]:
        with subtests.test(make=make):
            G = make()
            names = [name for name, _ in outputs(G, torch.randn(4, 10))]
            assert names[:6] == [
                "Linear",
                "BatchNorm1d",
                "ReLU",
                "Linear",
                "BatchNorm1d",
                "Sigmoid",
            ]
            assert all(layer.bias is None for layer in G.hidden if isinstance(layer, nn.Linear))


def test_centred_g_equals_g_with_other_biases():
    plain, centred = (
        DeconvolutionalGenerator(COLOUR, 10, [20], [2, 10, 10], centred=c) for c in (False, True)
    )
    plain.load_state_dict(centred.state_dict())
    z = torch.randn(4, 10)
    assert not torch.allclose(plain(z), centred(z))
    with torch.no_grad():
        plain.bias -= plain.output(torch.full((1, 2, 10, 10), 0.5))[0]
    torch.testing.assert_close(plain(z), centred(z))


def test_noise_of_the_convolutional_d_is_for_training_only():
    sizes = [Convolution(4, 2, 8, 4, 4, 2)]
    D = ConvMaxoutDiscriminator(COLOUR, sizes, units=8, input_dropout=0, dropout=0, noise=0.5)
    x = torch.randn(2, *COLOUR)
    assert not torch.equal(D(x), D(x))
    D.eval()
    assert torch.equal(D(x), D(x))


def test_without_irange_weights_have_pytorchs_initialisation():
    D = ConvMaxoutDiscriminator(COLOUR, irange=None)
    first = next(m for m in D.modules() if isinstance(m, ConvMaxout))
    bound = (3 * 8 * 8) ** -0.5  # 1 / sqrt(inputs of a filter)
    assert 0.99 * bound < first.weight.abs().max() <= bound


def test_initial_weights_are_within_irange_and_biases_zero(subtests):
    for kind in ["fully connected", "convolutional"]:
        with subtests.test(kind=kind):
            G, D = small(kind)
            for network, bound in ((G, 0.05), (D, 0.005)):
                for name, p in network.named_parameters():
                    if name.endswith("bias"):
                        assert not p.any(), name
                        continue
                    own = 0.5 if (kind, name) == ("fully connected", "output.weight") else bound
                    assert p.abs().max() <= own, name
                    assert p.numel() < 100 or p.abs().max() > 0.9 * own, name


def test_every_parameter_has_a_gradient(subtests):
    for kind in ["fully connected", "convolutional"]:
        with subtests.test(kind=kind):
            G, D = small(kind)
            D(G(torch.randn(20, 10))).sum().backward()
            for p in [*G.parameters(), *D.parameters()]:
                assert p.grad is not None
                assert p.grad.any()


def test_generated_values_are_unbounded(subtests):
    for kind in ["fully connected", "convolutional"]:
        with subtests.test(kind=kind):
            G, _ = small(kind)
            assert G.value_range == (-torch.inf, torch.inf)
            nn.init.constant_(G.output.weight, 100.0)
            assert G(torch.randn(2, 10)).min() > 100


def test_transposed_convolution_has_stride_3():
    G, _ = small("convolutional")
    G.hidden = nn.Sequential(nn.Linear(10, 1600, bias=False))  # let maps through as they are
    nn.init.zeros_(G.hidden[0].weight)
    with torch.no_grad():
        G.hidden[0].weight[:, 0].view(16, 10, 10)[2, 4, 7] = 1.0  # one unit: map 2, row 4, column 7
        G.bias.copy_(torch.rand(3, 32, 32))
    x = G(torch.eye(10)[:1])
    expected = G.bias.detach().clone()
    expected[:, 12:17, 21:26] += G.output.weight[2].detach()
    torch.testing.assert_close(x[0].detach(), expected)


def test_conv_maxout_is_the_maximum_over_filters_and_windows():
    layer = ConvMaxout(3, channels=4, pieces=2, kernel=3, padding=1, pool=4, stride=2)
    x = torch.randn(2, 3, 7, 7)
    a, b = (conv2d(x, layer.weight[p : p + 4], layer.bias[p : p + 4], padding=1) for p in (0, 4))
    both = torch.maximum(a, b)
    windows = [slice(0, 4), slice(2, 6), slice(4, 7)]  # the last one has three places
    expected = torch.stack(
        [torch.stack([both[..., r, c].amax((2, 3)) for c in windows], -1) for r in windows], -2
    )
    torch.testing.assert_close(layer(x), expected)


def test_convolution_computes_the_side_of_its_output(subtests):
    for sizes, side in itertools.product(
        [Convolution(1, 2, 5, 1, 4, 2), Convolution(1, 1, 3, 0, 3, 3)], range(5, 40)
    ):
        with subtests.test(side=side, sizes=sizes):
            layer = full_size(lambda: ConvMaxout(1, **asdict(sizes)))
            if side + 2 * sizes.padding - sizes.kernel + 1 < sizes.pool:
                with pytest.raises(ValueError, match="below the pool"):
                    sizes.side(side)
            else:
                made = layer(torch.empty(1, 1, side, side, device="meta"))
                assert made.shape[-1] == sizes.side(side)


def test_invalid_sizes_are_an_error(subtests):
    for make, message in [
        (lambda: ReLUSigmoidGenerator(COLOUR, widths=[]), "has no hidden layers"),
        (lambda: DeconvolutionalGenerator([3, 28, 28]), r"become \[C, 32, 32\]"),
        (lambda: DeconvolutionalGenerator(COLOUR, maps=[80, 100]), r"maps \[80, 100\]"),
        (lambda: ConvMaxoutDiscriminator([3072]), r"give \[C, H, W\]"),
        (lambda: ConvMaxoutDiscriminator([3, 4, 4]), "below the pool"),
        (lambda: ConvMaxout(3, 4, pool=2, stride=3), "stride of at most the pool"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
