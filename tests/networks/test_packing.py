"""Packed discriminators: contents of a pack, and training."""

import torch
from model_factory import SHAPE, Batches, trainer

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import (
    MaxoutDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    PackedDiscriminator,
)
from lightning_gan.priors import Uniform


def test_neighbouring_images_are_concatenated_along_channels():
    inner = MLPDiscriminator([6, 2], widths=[8])
    D = PackedDiscriminator(inner, 3)
    assert D.data_shape == (2, 2)
    x = torch.randn(6, 2, 2)
    by_hand = inner(torch.stack([torch.cat([x[0], x[1], x[2]]), torch.cat([x[3], x[4], x[5]])]))
    torch.testing.assert_close(D(x), by_hand)
    assert D.features(x).shape == (2, 8)


def test_neighbouring_points_are_concatenated():
    inner = MaxoutDiscriminator([4], widths=[6], pieces=2, input_dropout=0.0, dropout=0.0)
    x = torch.randn(4, 2)
    torch.testing.assert_close(PackedDiscriminator(inner, 2)(x), inner(x.reshape(2, 4)))


def test_packs_of_one_equal_d():
    inner = MLPDiscriminator([3], widths=[8])
    x = torch.randn(5, 3)
    torch.testing.assert_close(PackedDiscriminator(inner, 1)(x), inner(x))


def test_in_evaluation_mode_the_last_pack_is_filled_with_the_first_examples(subtests):
    for m, filled in [(5, [0, 1, 2, 3, 4, 0]), (1, [0, 0, 0]), (3, [0, 1, 2])]:
        with subtests.test(m=m, filled=filled):
            inner = MLPDiscriminator([6], widths=[8])
            D = PackedDiscriminator(inner, 3).eval()
            x = torch.randn(m, 2)
            torch.testing.assert_close(D(x), inner(x[filled].reshape(-1, 6)))


def test_packed_gan_trains_with_a_gradient_for_every_example(tmp_path):
    torch.manual_seed(0)
    D = PackedDiscriminator(MLPDiscriminator([2, 2, 2], widths=[8]), 2)
    gan = GAN(MLPGenerator(SHAPE, z_dim=3, widths=[8]), D, NonSaturating(), Uniform())
    run = trainer(tmp_path, max_steps=2, limit_val_batches=1)
    run.fit(gan, Batches(2, m=4), Batches(1, m=3))
    assert gan.g_updates == 2
    x = torch.randn(4, *SHAPE).requires_grad_()
    D.train()(x).sum().backward()
    assert x.grad.flatten(1).any(1).all()
