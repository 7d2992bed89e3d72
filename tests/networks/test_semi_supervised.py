"""Networks of Salimans et al. (2016) for MNIST with few labels."""

import pytest
import torch
from model_factory import SHAPE, Batches, momentum_sgd, trainer
from torch import nn
from torch.nn.functional import softplus

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import (
    KPlusOneDiscriminator,
    SoftplusGenerator,
    WeightNormDiscriminator,
    WeightNormLinear,
)
from lightning_gan.priors import Uniform

MNIST = [1, 28, 28]


def published():
    return KPlusOneDiscriminator(WeightNormDiscriminator(MNIST), 10)


def lengths(layer):
    return layer.weight.norm(dim=1)


def test_published_networks_have_their_sizes():
    G, D = SoftplusGenerator(MNIST), published()
    sizes = [m.weight.shape for m in D.modules() if isinstance(m, nn.Linear)]
    assert sizes == [(1000, 784), (500, 1000), (250, 500), (250, 250), (250, 250), (10, 250)]
    assert [m.noise.std for m in D.modules() if isinstance(m, WeightNormLinear)] == [0.3] + [
        0.5
    ] * 5
    x = G(torch.rand(6, 100))
    assert x.shape == (6, *MNIST)
    assert 0 <= x.min() < x.max() <= 1
    assert D.logits(x).shape == (6, 10)
    assert D.features(x).shape == (6, 250)
    assert D(x).shape == (6,)


def test_g_equals_its_layers():
    torch.manual_seed(0)
    G = SoftplusGenerator(SHAPE, z_dim=3, widths=[5, 6]).double()
    h = z = torch.rand(7, 3).double()
    for first in (0, 3):
        t = h @ G.network[first].weight.T
        h = softplus((t - t.mean(0)) / (t.var(0, correction=0) + 1e-6).sqrt())
    output = G.network[6]
    torch.testing.assert_close(lengths(output), torch.ones(4).double())
    torch.testing.assert_close(G(z), (h @ output.weight.T).sigmoid().view(7, *SHAPE))


def test_layers_have_weight_norm_and_noise_in_training():
    layer = WeightNormLinear(3, 4, noise=0.5).eval()
    torch.testing.assert_close(lengths(layer), torch.ones(4))
    with torch.no_grad():
        layer.g.copy_(torch.tensor([[1.0], [2.0], [3.0], [4.0]]))
    torch.testing.assert_close(lengths(layer), torch.tensor([1.0, 2.0, 3.0, 4.0]))
    x = torch.zeros(20_000, 3)
    torch.testing.assert_close(layer(x), layer.bias.expand(20_000, 4))
    layer.started = True
    spread = layer.train()(x).std(0) / lengths(layer)
    torch.testing.assert_close(spread, torch.full((4,), 0.5), rtol=0.03, atol=0)


def test_the_first_minibatch_gives_each_unit_mean_0_and_variance_1():
    torch.manual_seed(0)
    D = WeightNormDiscriminator([5], widths=[8, 7], input_noise=0.0, noise=0.0)
    x = 3 + 2 * torch.randn(50, 5)
    D(x)
    layers = [m for m in D.network if isinstance(m, WeightNormLinear)]
    h = x
    for layer in layers:
        t = layer(h)
        torch.testing.assert_close(t.mean(0), torch.zeros(t.shape[1]), atol=1e-5, rtol=0)
        torch.testing.assert_close(t.std(0, correction=0), torch.ones(t.shape[1]))
        h = t.relu()
    before = [p.clone() for p in D.parameters()]
    D(torch.randn(50, 5))  # the second changes nothing
    assert all(torch.equal(a, b) for a, b in zip(before, D.parameters(), strict=True))


def test_initialisation_needs_a_training_minibatch_and_is_saved():
    D = WeightNormDiscriminator([5], widths=[8])
    layers = [m for m in D.network if isinstance(m, WeightNormLinear)]
    D.eval()(torch.randn(50, 5))
    D.train()(torch.randn(1, 5))
    assert not any(layer.started for layer in layers)
    D(torch.randn(50, 5))
    assert all(layer.started for layer in layers)
    again = WeightNormDiscriminator([5], widths=[8])
    again.load_state_dict(D.state_dict())
    again(torch.randn(50, 5))
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), D.parameters(), strict=True))


def test_only_the_lengths_of_the_last_layer_are_trained(tmp_path):
    torch.manual_seed(0)
    D = KPlusOneDiscriminator(WeightNormDiscriminator(SHAPE, widths=[8, 8]), 3)
    G = SoftplusGenerator(SHAPE, z_dim=3, widths=[8])
    gan = GAN(
        G, D, NonSaturating(), Uniform(0, 1), d_optimizer=momentum_sgd, g_optimizer=momentum_sgd
    )
    D(next(iter(Batches(1, m=8)))[0])
    before = {name: p.clone() for name, p in gan.named_parameters()}
    trainer(tmp_path, max_steps=2).fit(gan, Batches(2, m=8))
    still = {name for name, p in gan.named_parameters() if torch.equal(p, before[name])}
    g = "parametrizations.weight.original0"
    assert still == {
        f"discriminator.inner.network.1.{g}", f"discriminator.inner.network.3.{g}",
        "generator.network.1.weight",
    }  # fmt: skip


def test_features_are_the_last_hidden_layer_before_its_noise():
    torch.manual_seed(0)
    D = WeightNormDiscriminator([5], widths=[8], input_noise=0.0, noise=5.0)
    x = torch.randn(20, 5)
    D(x)
    f = D.features(x)
    torch.testing.assert_close(D.features(x), f)  # no noise in it
    assert not torch.allclose(D(x), D(x))
    torch.testing.assert_close(
        D.eval()(x), (f @ D.last_layer.weight.T + D.last_layer.bias).squeeze(1)
    )


def test_no_hidden_layers_are_an_error():
    with pytest.raises(ValueError, match="has no hidden layers"):
        WeightNormDiscriminator(MNIST, widths=[])
