"""Models of the benchmarks: networks, objectives, optimizers and measurements."""

import pytest
import torch
from tiny import make_tiny_mnist
from tiny_cifar import make_tiny_cifar
from tiny_features import TinyNetwork
from torch import nn

import datamodules
from datamodules import Grid, Ring, StackedMNIST
from lightning_gan.feature_extractors import Classifier
from lightning_gan.losses import NonSaturating
from lightning_gan.metrics.modes import mode_coverage
from lightning_gan.models import FeatureMatchingGAN, UnrolledGAN
from lightning_gan.models.gan import GAN
from lightning_gan.networks import DCGANDiscriminator, DCGANGenerator
from lightning_gan.networks.layers import Maxout
from lightning_gan.priors import Gaussian
from lightning_gan.studies.benchmarks import (
    FEATURES,
    FEW_IMAGES,
    GRID,
    RING,
    RING_PACGAN,
    STACKED_MNIST,
    STACKED_MNIST_SMALL,
    few_images,
    nearest_neighbour,
)
from lightning_gan.studies.benchmarks import semi_supervised as ssl
from lightning_gan.studies.benchmarks.points import (
    RECIPES,
    make_published_model,
    make_small_model,
    measure_points,
)
from lightning_gan.studies.in_memory import train_in_memory


def test_training_a_small_model_updates_both_networks(subtests):
    for name in RECIPES:
        with subtests.test(name=name):
            model, data = make_small_model(Ring, RECIPES[name], 0, 2, "")
            before = [p.clone() for p in model.parameters() if p.dim() > 1]
            train_in_memory(model, data, 2)
            assert model.g_updates == 2
            assert model.d_updates == 2 * RECIPES[name].k
            changed = [
                not old.equal(p)
                for old, p in zip(
                    before, [p for p in model.parameters() if p.dim() > 1], strict=True
                )
            ]
            assert all(changed)
            found = measure_points(model, data)
            assert tuple(found.values()) == mode_coverage(model.sample(2500), data.means, data.std)


def test_models_have_the_settings_that_their_names_say():
    models = {name: make_small_model(Ring, recipe, 0, 2, "")[0] for name, recipe in RECIPES.items()}
    assert models["packed2"].discriminator(torch.zeros(10, 2)).shape == (5,)
    assert isinstance(models["unrolled5"], UnrolledGAN)
    assert models["unrolled5"].unroll == 5
    assert [p.key for p in models["wgan_gp"].penalties] == ["gradient_penalty"]
    assert models["wgan_gp"].penalties[0].weight == 10
    assert [p.key for p in models["r3gan"].penalties] == ["r1", "r2"]
    assert [p.key for p in models["r1"].penalties] == ["r1"]
    assert [type(models[name].loss).__name__ for name in ("gan", "r3gan", "wgan_gp")] == [
        "NonSaturating", "RelativisticPairing", "Wasserstein",
    ]  # fmt: skip
    assert models["gan"].penalties == models["packed2"].penalties == []


def test_the_seed_determines_the_weights():
    a, b, c = (
        make_small_model(Ring, RECIPES["gan"], seed, 2, "")[0].generator.state_dict()
        for seed in (0, 0, 1)
    )
    assert all(a[name].equal(b[name]) for name in a)
    assert not any(a[name].equal(c[name]) for name in a)


def test_the_published_networks_are_those_of_pacgan():
    model, data = make_published_model(Ring, RECIPES["packed2"], 0, 2, "")
    linear = [m for m in model.generator.modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [
        (2, 400),
        *[(400, 400)] * 3,
        (400, 2),
    ]
    assert sum(isinstance(m, nn.BatchNorm1d) for m in model.generator.modules()) == 4
    maxout = [m for m in model.discriminator.modules() if isinstance(m, Maxout)]
    assert [(m.in_features, m.units, m.pieces) for m in maxout] == [
        (4, 200, 5),
        *[(200, 200, 5)] * 2,
    ]
    for layer in [*linear[1:-1], *maxout[1:]]:
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert all(p.p == 0 for p in model.discriminator.modules() if isinstance(p, nn.Dropout))
    assert data.batch_size == 100
    d_adam, g_adam = (new([nn.Parameter(torch.zeros(1))]) for new in model.make_optimizers)
    for adam in (d_adam, g_adam):
        assert (adam.defaults["lr"], adam.defaults["betas"]) == (1e-4, (0.8, 0.999))


def test_the_published_length_is_400_epochs():
    assert RING.published_steps * 100 == 400 * 100_000
    assert RING_PACGAN.steps == RING_PACGAN.published_steps == GRID.published_steps
    assert STACKED_MNIST.published_steps * 64 == 50 * 128_000


def test_the_grid_models_train_on_the_grid():
    model = GRID.models[0]
    assert isinstance(model.make(0, 1, "")[1], Grid)


def test_the_labels_depend_on_the_seed(command):
    model, data = ssl.make_semi_supervised_model("FeatureMatchingGAN", 3, 1, "pixels")
    assert isinstance(model, FeatureMatchingGAN)
    assert model.labels_seed == 3
    assert str(data.root) == "pixels"
    assert not isinstance(
        ssl.make_semi_supervised_model("SemiSupervisedGAN", 3, 1, "pixels")[0], FeatureMatchingGAN
    )


def test_errors_are_scaled_to_10_000_digits(command):
    model, data = ssl.make_semi_supervised_model("FeatureMatchingGAN", 0, 1, "pixels")
    data.prepare_data()
    data.setup()
    right = data.labels("test")  # 20 digits
    model.classify = lambda x: torch.where(torch.arange(len(x)) < 3, (right + 1) % 10, right)
    assert ssl.measure_semi_supervised(model, data) == {"errors": 1500.0}


def test_stacked_digits_need_the_classifier_before_training(command):
    with pytest.raises(ValueError, match="There is no classifier of mnist"):
        STACKED_MNIST.models[0].make(0, 1, "pixels")


def test_the_discriminator_of_stacked_digits_packs_images(monkeypatch):
    monkeypatch.setattr(Classifier, "load", lambda self: None)
    model, data = STACKED_MNIST.models[1].make(0, 1, "")
    assert isinstance(data, StackedMNIST)
    assert model.discriminator(torch.zeros(4, 3, 28, 28)).shape == (2,)
    assert model.generator.z_dim == 100


def test_the_small_networks_of_stacked_digits_are_those_of_metz(monkeypatch):
    monkeypatch.setattr(Classifier, "load", lambda self: None)
    models = {g.name: g.make(0, 1, "")[0] for g in STACKED_MNIST_SMALL.models}
    assert STACKED_MNIST_SMALL.models[0].make(0, 1, "")[1].triples is None
    assert [type(g).__name__ for g in models.values()] == [
        "GAN",
        "GAN",
        "UnrolledGAN",
        "GAN",
        "GAN",
    ]
    assert models["packed2"].discriminator.eval()(torch.zeros(6, 3, 28, 28)).shape == (3,)
    rates = [o.param_groups[0]["lr"] for o in models["dcgan"].configure_optimizers()[0]]
    assert rates == [2e-4, 1e-4]
    assert [p.key for p in models["r1"].penalties] == ["r1"]
    assert [p.key for p in models["r3gan"].penalties] == ["r1", "r2"]


class Copies:
    """Model whose samples are the training digits of each class in turn."""

    def __init__(self, data):
        self.data = data

    def sample(self, n):
        x, y = self.data.images("train"), self.data.labels("train")
        return torch.stack([x[y == i % 10][i // 10 % int((y == i % 10).sum())] for i in range(n)])


def test_copies_of_the_training_digits_have_their_error(tmp_path, monkeypatch):
    monkeypatch.setattr(nearest_neighbour, "SAMPLES", 50)
    data = make_tiny_mnist(tmp_path)(root=str(tmp_path), batch_size=5, seed=0)
    data.prepare_data()
    data.setup()
    found = nearest_neighbour.measure_neighbours(Copies(data), data)
    assert found["error"] == found["real"]


def test_features_are_compared_with_those_of_an_untrained_discriminator(tmp_path):
    data = make_tiny_cifar(tmp_path)(root=str(tmp_path), batch_size=10, validation=10, seed=0)
    data.prepare_data()
    data.setup()
    torch.manual_seed(0)
    pair = DCGANGenerator([3, 32, 32], width=4), DCGANDiscriminator([3, 32, 32], width=4)
    model = GAN(*pair, NonSaturating(), Gaussian())
    train_in_memory(model, data, 1)
    found = FEATURES.measure(model, data)
    assert set(found) == {"accuracy", "untrained"}
    assert all(0 <= share <= 1 for share in found.values())


def test_the_gap_is_the_difference_of_mean_logits(command, monkeypatch):
    monkeypatch.setattr(Classifier, "load", lambda self: TinyNetwork())
    monkeypatch.setattr(few_images, "SAMPLES", 20)
    model, data = few_images.make_few_images_model((), 3, 0, 1, "pixels")
    data.prepare_data()
    data.setup()
    x = data.images("train")
    assert len(x) == len(data.labels("train")) == 3
    assert x.equal(complete_mnist(data).images("train")[:3])
    model.discriminator.inner.forward = lambda x: x.flatten(1).mean(1)
    found = few_images.measure_few_images(model, data)
    assert found["gap"] == pytest.approx((x.mean() - data.images("val").mean()).item(), abs=1e-6)
    assert found["fid"] > 0
    assert model.discriminator.training


def complete_mnist(few):
    """Load MNIST with its complete training split."""
    data = datamodules.MNIST(root=str(few.root), batch_size=5, value_range=few.value_range)
    data.prepare_data()
    data.setup()
    return data


def test_one_model_of_few_digits_is_augmented(monkeypatch):
    monkeypatch.setattr(Classifier, "load", lambda self: None)
    models = {g.name: g.make(0, 1, "") for g in FEW_IMAGES.models}
    seen = {name: len(model.discriminator.augmentations) for name, (model, _) in models.items()}
    assert seen == {"few": 0, "few_augmented": 2, "all": 0}
    assert [data.examples for _, data in models.values()] == [1000, 1000, 50_000]
