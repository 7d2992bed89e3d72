"""Projection discriminator, and conditional training of the residual networks."""

import pytest
import torch
from model_factory import Batches, momentum_sgd, trainer
from torch.nn.utils.parametrize import is_parametrized

from lightning_gan.losses import NonSaturating
from lightning_gan.models import ConditionalGAN
from lightning_gan.networks import (
    MLPDiscriminator,
    PackedDiscriminator,
    ProjectionDiscriminator,
    ResNetDiscriminator,
    ResNetGenerator,
    SpectralNormDiscriminator,
)
from lightning_gan.priors import Gaussian

K = 3


def test_logit_is_the_last_layer_plus_the_inner_product():
    inner = MLPDiscriminator([2], widths=[6])
    x, y = torch.randn(5, 2), torch.tensor([0, 1, 2, 2, 0])
    plain, f = inner(x), inner.features(x)
    D = ProjectionDiscriminator(inner, K)
    assert (D.condition_dim, D.data_shape, D.feature_dim) == (K, (2,), 6)
    v = D.V.weight.T[y]  # a vector for each class
    expected = torch.stack([plain[i] + sum(v[i, j] * f[i, j] for j in range(6)) for i in range(5)])
    scores = D(x, torch.eye(K)[y])
    torch.testing.assert_close(scores, expected)
    assert not torch.allclose(scores, D(x, torch.eye(K)[y.flip(0)]))


def test_outer_spectral_norm_includes_v():
    D = SpectralNormDiscriminator(ProjectionDiscriminator(MLPDiscriminator([2], widths=[6]), K))
    assert is_parametrized(D.inner.V, "weight")
    assert D.condition_dim == K
    for _ in range(20):
        D(torch.randn(4, 2), torch.eye(K)[[0, 1, 2, 0]])
    assert torch.linalg.matrix_norm(D.inner.V.weight, 2).item() == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(
    "wrap", [lambda D: D, SpectralNormDiscriminator], ids=["plain", "spectral"]
)
def test_residual_networks_use_the_class(wrap, tmp_path):
    torch.manual_seed(0)
    shape = [3, 8, 8]
    D = wrap(ProjectionDiscriminator(ResNetDiscriminator(shape, width=4), K))
    gan = ConditionalGAN(
        ResNetGenerator(shape, z_dim=5, width=4, classes=K), D, NonSaturating(), Gaussian(),
        classes=K, k=2, d_optimizer=momentum_sgd, g_optimizer=momentum_sgd,
    )  # fmt: skip
    before = {name: p.clone() for name, p in gan.named_parameters()}

    class Images(Batches):
        def __iter__(self):
            for i in range(self.n):
                yield [torch.rand(4, *shape) * 2 - 1, (torch.arange(4) + i) % K]

    trainer(tmp_path, max_steps=2, limit_val_batches=1).fit(gan, Images(4), Images(1))
    assert (gan.d_updates, gan.g_updates) == (4, 2)
    still = [n for n, p in gan.named_parameters() if torch.equal(p, before[n])]
    assert not still
    assert gan.sample_classes([2, 0], seed=1).shape == (2, *shape)


def test_condition_of_another_size_is_an_error(subtests):
    for make, message in [
        (
            lambda D: D(torch.zeros(2, 2)),
            "reads a condition of 3 numbers, but got 0: .* such as ConditionalGAN",
        ),
        (lambda D: D(torch.zeros(2, 2), torch.zeros(2, 4)), "of 3 numbers, but got 4"),
        (lambda D: ProjectionDiscriminator(D.inner, 0), "classes is 0"),
        (
            lambda D: ProjectionDiscriminator(PackedDiscriminator(D.inner, 2), K)(
                torch.zeros(4, 1), torch.zeros(4, K)
            ),
            "4 conditions for 2 packs",
        ),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make(ProjectionDiscriminator(MLPDiscriminator([2]), K))
