"""Commands `interpolate` and `latent-arithmetic`, from a checkpoint to an image."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import InkReader
from PIL import Image

import datamodules.factors
import lightning_gan.cli.actions.latent_arithmetic
from lightning_gan.analysis import latent_space
from lightning_gan.checkpoints.load import load
from lightning_gan.utils.images import make_image_grid, to_uint8

SMALL = "runs/small/version_0/checkpoints/last.ckpt"
DRAWN = "runs/drawn/version_0/checkpoints/last.ckpt"
RED = "thick red - thin red + thin green"


@pytest.fixture
def small(command):
    """Checkpoint of tiny MNIST."""
    ended = command("fit", "--config", "small.yaml", "--trainer.max_steps", "1")
    assert ended.status == 0, ended.err
    return command


@pytest.fixture
def drawn(command, monkeypatch):
    """Checkpoint of Factors whose generator draws the factors in z."""
    sizes = {"train": 40, "val": 10, "test": 10}
    monkeypatch.setattr(datamodules.factors, "SIZES", sizes)
    monkeypatch.setattr(lightning_gan.cli.actions.latent_arithmetic, "POOL", 400)
    monkeypatch.setattr(
        lightning_gan.cli.actions.latent_arithmetic,
        "load_factor_classifier",
        lambda *_: InkReader(),
    )
    discriminator = {"class_path": "MLPDiscriminator", "init_args": {"data_shape": [3, 32, 32]}}
    networks = {
        "generator": {"class_path": "drawing.DrawingGenerator"},
        "discriminator": discriminator,
    }
    arguments = {"loss": "NonSaturating", "prior": "Uniform", **networks}
    config = {
        "model": {"class_path": "GAN", "init_args": arguments},
        "data": {"class_path": "FactorDigits", "init_args": {"batch_size": 10}},
        "trainer": {"accelerator": "cpu", "max_steps": 1, "callbacks": []},
    }
    command.write("drawn.yaml", config)
    ended = command("fit", "--config", "drawn.yaml")
    assert ended.status == 0, ended.err
    return command


def test_interpolate_draws_rows_between_samples(small):
    asked = "--rows", "3", "--columns", "5", "--seed", "2", "--out", "a/i.png"
    ended = small("interpolate", "--ckpt_path", SMALL, *asked)
    assert ended.status == 0, ended.err
    assert "3 interpolations (step 1, seed 2) in a/i.png" in ended.out
    gan = load(SMALL)
    x = latent_space.interpolate_samples(gan, 3, 5, seed=2)
    expected = make_image_grid(to_uint8(x.flatten(0, 1), (0, 1)), 5, scale=2)
    assert np.array_equal(np.asarray(Image.open("a/i.png")), expected.permute(1, 2, 0))
    torch.testing.assert_close(x[:, 0], gan.sample(6, seed=2)[:3])
    for arguments, words in (
        (("--ckpt_path", SMALL, "--columns", "1"), "columns is 1; give"),
        (("--ckpt_path", "none.ckpt"), "No checkpoint at none.ckpt"),
    ):
        ended = small("interpolate", *arguments)
        assert ended.status == 1
        assert words in ended.err


def test_an_equation_of_sample_indices_works_for_any_checkpoint(small):
    words = "1,5,9 - 2,4 + 3"
    ended = small(
        "latent-arithmetic", "--ckpt_path", SMALL, "--equation", words, "--num_samples", "10"
    )
    assert ended.status == 0, ended.err
    assert f"{words} (step 1, seed 0) in arithmetic.png" in ended.out
    assert 20 < np.asarray(Image.open("arithmetic.png")).std()
    for arguments, words in (
        (
            ("--equation", RED),
            "was trained on mnist, whose factors are unknown: give sample indices",
        ),
        ((), "was trained on mnist, whose factors are unknown"),
        (("--equation", "1,64 - 2 + 3"), "has sample 64, but there are 64, counted from 0"),
        (("--equation", "1 + "), "has an empty term"),
        (("--equation", "1 - 2 + 3", "--out", "a.gif"), "give a name that ends in .png"),
        (("--equation", "1 - 2 + 3", "--noise", "-1"), "noise is -1.0; give"),
    ):
        ended = small("latent-arithmetic", "--ckpt_path", SMALL, *arguments)
        assert ended.status == 1
        assert words in ended.err


def test_sums_in_words_are_evaluated(drawn):
    ended = drawn("latent-arithmetic", "--ckpt_path", DRAWN, "--equation", RED, "--draws", "100")
    assert ended.status == 0, ended.err
    assert "classifier on 10 test images: digit" in ended.out
    assert "100.0% of 400 samples have a confidence" in ended.out
    (row,) = re.findall(r"^thickness colour +(.+)$", ended.out, re.MULTILINE)
    both, thickness, colour, last, _, chance = map(float, re.findall(r"(\d\.\d+)(?: ±|$)", row))
    assert 0.5 < both <= min(thickness, colour)
    assert last == 0
    assert chance == pytest.approx(1 / 6, abs=0.06)
    assert "each row: 100 sums of groups of 3" in ended.out
    assert Path("arithmetic.png").is_file()
    for arguments, words in (
        (("--draws", "5"), "G clearly draws 2 combinations"),  # only zeros, all upright
        (("--equation", "thick - thin"), "The sum leaves thin -1, thick +1"),
    ):
        ended = drawn("latent-arithmetic", "--ckpt_path", DRAWN, *arguments)
        assert ended.status == 1
        assert words in ended.err
