"""Synthetic data sets of known density."""

import math

import pytest
import torch

from datamodules import Gaussian1D, Ring
from datamodules.toy import SIZES


def loaded(data):
    data.prepare_data()
    data.setup()
    return data


def test_the_density_equals_an_explicit_mixture():
    data = Gaussian1D(means=(-1.0, 2.0), stds=(0.5, 1.0))
    x = torch.linspace(-4, 5, 50)[:, None]
    parts = [
        math.log(0.5) - (x - m).square() / (2 * s * s) - math.log(s * math.sqrt(2 * math.pi))
        for m, s in ((-1.0, 0.5), (2.0, 1.0))
    ]
    expected = torch.logaddexp(*parts)[:, 0]
    torch.testing.assert_close(data.density.log_prob(x), expected)


def test_the_density_of_the_ring_integrates_to_one():
    side = torch.linspace(-1.5, 1.5, 1201)
    points = torch.cartesian_prod(side, side)
    mass = Ring(std=0.05).density.log_prob(points).exp().sum() * (3 / 1200) ** 2
    assert mass.item() == pytest.approx(1, abs=1e-4)


def test_points_come_from_the_density():
    data = loaded(Ring(modes=5, radius=2.0, std=0.1))
    x, y = data.images("train"), data.labels("train")
    assert x.shape == (SIZES["train"], 2)
    angle = 2 * math.pi * torch.arange(5) / 5
    torch.testing.assert_close(data.means, 2 * torch.stack([angle.cos(), angle.sin()], 1))
    share = torch.bincount(y) / len(y)
    assert (share - 1 / 5).abs().max() < 5 * math.sqrt(0.2 * 0.8 / len(y))
    noise = x - data.means[y]
    assert noise.std().item() == pytest.approx(0.1, rel=5 / math.sqrt(4 * len(x)))
    assert noise.mean(0).abs().max() < 5 * 0.1 / math.sqrt(len(x))


def test_two_training_seeds_use_the_same_points_in_another_order():
    one, two = loaded(Ring(seed=1)), loaded(Ring(seed=2))
    assert torch.equal(one.images("train"), two.images("train"))
    batches = [next(iter(data.train_dataloader()))[0] for data in (one, two)]
    assert batches[0].shape == (100, 2)
    assert not torch.equal(*batches)
    other = loaded(Ring(data_seed=1))
    assert not torch.equal(one.images("train"), other.images("train"))
    assert "100,000 points drawn with seed 1" in other.provenance


def test_invalid_arguments_are_errors(subtests):
    for build, words in [
        (lambda: Ring(modes=0), "modes is 0; give"),
        (lambda: Ring(std=0.0), r"std is 0\.0; give"),
        (lambda: Gaussian1D(means=(0.0, 1.0)), "as many stds as means"),
        (lambda: Gaussian1D(stds=(-1.0,)), "above 0"),
        (lambda: Ring(batch_size=0), "batch_size is 0"),
    ]:
        with subtests.test(build=build, words=words):
            with pytest.raises(ValueError, match=words):
                build()
