"""Fully connected networks of Goodfellow et al. (2014)."""

import pytest
import torch
from torch import nn

from lightning_gan.networks import (
    GaussianNoise,
    Maxout,
    MaxoutDiscriminator,
    MLPGenerator,
    UpsampledMLPGenerator,
)

MNIST = [1, 28, 28]
PAIRS = {
    "2014": (MLPGenerator(MNIST), MaxoutDiscriminator(MNIST)),
    "small": (
        MLPGenerator(MNIST, z_dim=10, widths=[64], batch_norm=True),
        MaxoutDiscriminator(MNIST, widths=[8, 4, 2], pieces=2, noise=0.3),
    ),
    "upsampled": (
        UpsampledMLPGenerator(MNIST, z_dim=10, widths=[64]),
        MaxoutDiscriminator(MNIST, widths=[8], pieces=3, irange=None),
    ),
}


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_networks_of_2014_have_their_number_of_parameters():
    G, D = PAIRS["2014"]
    assert parameters(G) == 2_503_984
    assert parameters(D) == 1_231_441


def test_shapes(subtests):
    for pair in PAIRS:
        with subtests.test(pair=pair):
            G, D = PAIRS[pair]
            x = G(torch.randn(5, G.z_dim))
            assert x.shape == (5, 1, 28, 28)
            assert D(x).shape == (5,)


def test_generated_values_are_in_range():
    x = MLPGenerator(MNIST, irange=5.0)(torch.randn(50, 100))
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() <= 1


def test_initial_weights_are_uniform_and_biases_zero():
    for network, irange in ((MLPGenerator(MNIST), 0.05), (MaxoutDiscriminator(MNIST), 0.005)):
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                assert 0.95 * irange < layer.weight.abs().max() <= irange
                assert layer.weight.std().item() == pytest.approx(irange / 3**0.5, rel=0.12)
                assert not layer.bias.any()


def test_output_bias_gives_the_mean_training_image():
    G = MLPGenerator(MNIST)
    mean = torch.rand(1, 28, 28)
    mean[0, 0, 0], mean[0, 0, 1] = 0.0, 1.0  # clipped at 1e-7: a bias must stay finite
    G.init_from_data(lambda: mean)
    torch.testing.assert_close(G.output.bias.sigmoid(), mean.flatten(), atol=2e-7, rtol=1e-5)
    assert G.output.bias.isfinite().all()


def test_upsampled_g_starts_at_the_coarse_mean_training_image():
    G = UpsampledMLPGenerator(MNIST, coarse=[14, 14])
    mean = torch.rand(1, 28, 28).mul(0.8).add(0.1)
    G.init_from_data(lambda: mean)
    coarse = mean.view(1, 14, 2, 14, 2).mean((2, 4))
    torch.testing.assert_close(G.output.bias.sigmoid(), coarse.flatten())


def test_upsampled_g_has_no_detail_below_its_coarse_image():
    G = UpsampledMLPGenerator(MNIST, coarse=[7, 7], widths=[64]).eval()
    logits = torch.logit(G(torch.randn(5, 100)))
    inner = logits[..., 2:26]  # bilinear: straight lines between centres 4 pixels apart
    bends = (inner[..., 2:] - 2 * inner[..., 1:-1] + inner[..., :-2]).abs().amax((0, 1, 2))
    assert (bends < 1e-4).sum() >= 10
    assert (bends > 1e-3).any()


def test_maxout_is_the_maximum_of_its_pieces():
    layer = Maxout(3, units=4, pieces=5)
    x = torch.randn(2, 3)
    pieces = [
        x @ layer.weight[p * 4 : p * 4 + 4].T + layer.bias[p * 4 : p * 4 + 4] for p in range(5)
    ]
    torch.testing.assert_close(layer(x), torch.stack(pieces).max(0).values)


def test_dropout_has_the_rates_and_scales_of_2014():
    rates = [m.p for m in MaxoutDiscriminator(MNIST).modules() if isinstance(m, nn.Dropout)]
    assert rates == [0.2, 0.5, 0.5]
    ones = torch.ones(100_000)
    for rate, scale in ((0.2, 1.25), (0.5, 2.0)):
        kept = nn.Dropout(rate)(ones)
        assert kept.unique().tolist() == [0.0, scale]
        assert kept.mean().item() == pytest.approx(1, abs=0.02)


def test_gaussian_noise_is_for_training_only():
    noise = GaussianNoise(0.3)
    x = torch.zeros(100_000)
    assert noise(x).std().item() == pytest.approx(0.3, rel=0.02)
    assert torch.equal(noise.eval()(x), x)


def test_invalid_sizes_are_an_error(subtests):
    for make, message in [
        (lambda: MLPGenerator([]), "data_shape"),
        (lambda: MLPGenerator([1, 0, 28]), "data_shape"),
        (lambda: MLPGenerator(MNIST, z_dim=0), "z_dim is 0; give"),
        (lambda: MLPGenerator(MNIST, widths=[]), "has no hidden layers"),
        (lambda: UpsampledMLPGenerator([784]), r"for data_shape \[784\]"),
        (lambda: MaxoutDiscriminator(MNIST, widths=[]), "has no layers"),
        (lambda: Maxout(3, 0, 5), "units is 0; give"),
        (lambda: GaussianNoise(-1.0), r"std is -1\.0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
