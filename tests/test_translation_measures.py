"""Measures of translation: closed forms, and the baselines of the drawn digits."""

import pytest
import torch

from datamodules.unpaired_digits import UnpairedDigits
from lightning_gan.analysis.translation import (
    make_translation_baselines,
    measure_cycle_errors,
    measure_l1,
)


def test_a_hidden_channel_shows_in_noise_and_in_8_bits():
    """G keeps only an imperceptible copy of a: amplified, it restores a; noise and rounding destroy it."""
    a = torch.rand(4, 1, 8, 8) * 2 - 1
    hidden = measure_cycle_errors(lambda x: 1e-4 * x, lambda y: 1e4 * y, a)
    assert hidden.clean < 1e-3
    assert hidden.noisy > 100
    assert hidden.rounded > 0.1
    honest = measure_cycle_errors(lambda x: -x, lambda y: -y, a)
    assert honest.clean == 0
    assert honest.noisy == pytest.approx(0.08, abs=0.02)  # E|N(0, 0.1)|
    assert honest.rounded < 1 / 255


def test_the_baselines_of_thin_and_thick_digits():
    data = UnpairedDigits()
    data.prepare_data()
    a, b = data.pairs("test")
    made = make_translation_baselines(data.images("train", "a"), data.images("train", "b"))
    errors = {name: measure_l1(forward(a), b) for name, (forward, _) in made.items()}
    assert errors["dilation"] < 0.03 < errors["identity"] < errors["mean shift"]
    assert (a != b).flatten(1).any(1).all()


def test_training_never_holds_a_pair():
    """Test images are other objects in memory than what the training loader reads, and no image occurs in both."""
    data = UnpairedDigits()
    data.prepare_data()
    data.setup()
    loader = data.train_dataloader()
    held = [side.data_ptr() for split in ("val", "test") for side in data._split(split)]
    assert not {x.data_ptr() for x in loader.images} & set(held)
    train = {bytes(x.numpy().tobytes()) for side in loader.images for x in side}
    test = {bytes(x.numpy().tobytes()) for side in data._split("test") for x in side}
    assert not train & test
