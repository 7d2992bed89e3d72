"""ModeCoverage for points and StackedModeCoverage for digits: logs, tables and files."""

import json
import math

import pytest
import torch
from model_factory import Pixels, make_model, trainer
from pytorch_lightning.loggers import CSVLogger
from tiny import make_tiny_mnist
from torch import nn

import callbacks
from datamodules import Ring, StackedMNIST
from lightning_gan import GAN
from lightning_gan.cli.console import format_score_table
from lightning_gan.evaluation import ImageSet
from lightning_gan.evaluation.modes import read_stacked_digits, score_stacked_modes
from lightning_gan.feature_extractors import Classifier, Features
from lightning_gan.losses import NonSaturating
from lightning_gan.metrics.modes import mode_coverage
from lightning_gan.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    LinearMLPGenerator,
    MLPDiscriminator,
)
from lightning_gan.priors import Gaussian

FOUND = ["high_quality", "reverse_kl", "modes"]


def in_the_plane(**arguments):
    torch.manual_seed(0)
    generator = LinearMLPGenerator([2], widths=(8,))
    return GAN(
        generator, MLPDiscriminator([2], widths=(8,)), NonSaturating(), Gaussian(), **arguments
    )


def onto_modes(gan, modes):
    """Let every sample be one of the ring's modes, in turn."""
    points = Ring().means[list(modes)]
    gan.sample = lambda n, seed=0: points[torch.arange(n) % len(points)]
    return gan


def scored(gan, tmp_path, *asked):
    run = trainer(tmp_path, logger=CSVLogger(tmp_path, name=""), callbacks=list(asked))
    (logged,) = run.test(gan, datamodule=Ring(), verbose=False)
    return run, logged


def test_a_generator_that_covers_three_of_eight(tmp_path):
    counter = callbacks.ModeCoverage(num_samples=1000)
    run, logged = scored(onto_modes(in_the_plane(), (0, 1, 5)), tmp_path, counter)
    assert logged["test/modes"] == 3
    assert logged["test/high_quality"] == 1
    assert logged["test/high_quality_se"] == 0
    assert logged["test/reverse_kl"] == pytest.approx(math.log(8 / 3), abs=1e-5)
    rows = {name: (value, protocol) for name, value, protocol in counter.rows("test")}
    assert list(rows) == [f"test/{name}" for name in FOUND]
    assert rows["test/modes"][0] == "3/8"
    assert rows["test/modes"][1] == (
        "1,000 samples (G, seed 0), coordinates; modes 8, high quality: standard deviations below 3; ± none: a count"
    )
    assert format_score_table(run, "test").splitlines()[-1].split()[:2] == ["test/modes", "3/8"]


def test_it_scores_the_average_of_g_on_2500_samples_and_says_so(tmp_path):
    gan = in_the_plane(ema_half_life=10.0)
    with torch.no_grad():
        gan.ema.module.network[-1].weight.mul_(0)
        gan.ema.module.network[-1].bias.copy_(Ring().means[2])
    counter = callbacks.ModeCoverage(seed=4)
    _, logged = scored(gan, tmp_path, counter)
    assert (logged["test/modes"], logged["test/high_quality"]) == (1, 1)
    assert counter.rows("test")[1][2].startswith(
        "2,500 samples (average of G, seed 4), coordinates"
    )


def test_it_is_the_metric_on_the_samples_of_the_seed(tmp_path):
    gan, counter = in_the_plane(), callbacks.ModeCoverage(num_samples=300, near=40.0, seed=7)
    _, logged = scored(gan, tmp_path, counter)
    expected = mode_coverage(gan.sample(300, seed=7), Ring().means, Ring().std, near=40.0)
    assert 0 < expected.high_quality < 1
    found = [logged[f"test/{name}"] for name in ("modes", "high_quality", "reverse_kl")]
    assert found == pytest.approx(expected, rel=1e-5)
    p = expected.high_quality
    assert counter.results["test"][0].sd == pytest.approx(math.sqrt(p * (1 - p) / 300))


def test_each_value_is_stored_with_its_protocol(tmp_path):
    run, _ = scored(in_the_plane(), tmp_path, callbacks.ModeCoverage(num_samples=50))
    kept = json.loads((tmp_path / "version_0" / "scores.json").read_text())
    assert [entry["name"] for entry in kept] == FOUND
    assert {entry["protocol"]["real"] for entry in kept} == {"ring"}
    assert kept[2]["protocol"]["settings"] == {
        "modes": 8,
        "high quality: standard deviations below": 3.0,
    }
    assert run.callback_metrics["test/modes"] == kept[2]["value"]


def test_no_sample_near_a_mode_is_noted(tmp_path):
    gan, counter = in_the_plane(), callbacks.ModeCoverage(num_samples=10)
    gan.sample = lambda n, seed=0: torch.full((n, 2), torch.nan)
    _, logged = scored(gan, tmp_path, counter)
    assert (logged["test/modes"], logged["test/high_quality"]) == (0, 0)
    assert logged["test/reverse_kl"] == math.inf
    assert counter.notes("test") == ["* test/reverse_kl: no sample is of high quality"]


def test_validation_counts_too_and_changes_nothing(tmp_path):
    def weights(*looks):
        gan = in_the_plane(ema_half_life=100.0)
        torch.manual_seed(1)
        more = {"max_steps": 2, "limit_val_batches": 1, "val_check_interval": 1}
        run = trainer(tmp_path / str(len(looks)), callbacks=list(looks), **more)
        run.fit(gan, Ring(batch_size=50, seed=0))
        return run, gan.state_dict()

    run, seen = weights(callbacks.ModeCoverage(num_samples=20), callbacks.SampleScatter(20, 1))
    _, unseen = weights()
    assert "val/modes" in run.callback_metrics
    assert all(torch.equal(seen[name], unseen[name]) for name in unseen)


def test_data_without_known_modes_are_refused_in_one_sentence(tmp_path):
    run = trainer(tmp_path, max_steps=1, callbacks=[callbacks.ModeCoverage()])
    with pytest.raises(ValueError, match=r"data with known modes.*pixels has none"):
        run.fit(make_model(), Pixels())


def test_other_data_than_stacked_digits_are_refused_in_one_sentence(tmp_path):
    run = trainer(tmp_path, max_steps=1, callbacks=[callbacks.StackedModeCoverage()])
    with pytest.raises(ValueError, match=r"three digits in three channels.*the data are ring"):
        run.fit(in_the_plane(), Ring())


def test_nothing_is_within_no_standard_deviation(subtests):
    for near in [0.0, -1.0, math.nan]:
        with subtests.test(near=near):
            with pytest.raises(ValueError, match="give a number above 0"):
                callbacks.ModeCoverage(near=near)


class FirstPixel(nn.Module):
    """Reads the digit that is written as the first pixel's value."""

    name, weights, resize = "first-pixel", "0" * 64, "not resized"

    def forward(self, images):
        assert images.shape[1:] == (1, 28, 28)
        return Features(
            torch.zeros(len(images), 1),
            nn.functional.one_hot(images[:, 0, 0, 0].long(), 10).float(),
        )


def stacked(*numbers):
    image_bytes = torch.zeros(len(numbers), 3, 28, 28, dtype=torch.uint8)
    for image, number in zip(image_bytes, numbers, strict=True):
        image[:, 0, 0] = torch.tensor([number // 100, number // 10 % 10, number % 10])
    return ImageSet(image_bytes)


def test_the_three_channels_are_read_as_a_number():
    counts = read_stacked_digits(stacked(0, 7, 42, 42, 999, 730), FirstPixel())
    assert counts.shape == (1000,)
    assert {i: n for i, n in enumerate(counts.tolist()) if n} == {0: 1, 7: 1, 42: 2, 730: 1, 999: 1}


def test_all_thousand_once_are_uniform_and_one_alone_is_not():
    kl, modes = score_stacked_modes(stacked(*range(1000)), "stacked_mnist", FirstPixel())
    assert (str(modes), kl.value) == ("1000/1000", pytest.approx(0, abs=1e-9))
    kl, modes = score_stacked_modes(stacked(5, 5, 5), "stacked_mnist", FirstPixel())
    assert (str(modes), kl.value) == ("1/1000", pytest.approx(math.log(1000)))
    assert modes.protocol.features == "first-pixel"


def test_a_run_on_stacked_digits_logs_and_tabulates_what_its_samples_show(tmp_path, monkeypatch):
    tiny = make_tiny_mnist(tmp_path, n_train=60, n_test=20)
    own = {name: getattr(tiny, name) for name in ("files", "train_size", "sources")}
    data = type("TinyStacked", (StackedMNIST,), own)(root=str(tmp_path), batch_size=5, triples=40)
    pair = DCGANGenerator([3, 28, 28], width=2), DCGANDiscriminator([3, 28, 28], width=2)
    gan = GAN(*pair, NonSaturating(), Gaussian())
    shown = stacked(*[7, 7, 123, 999] * 5).uint8_images / 127.5 - 1  # in the data's range
    gan.generate = lambda z: shown[: len(z)]
    monkeypatch.setattr(Classifier, "load", lambda self: FirstPixel())
    counter = callbacks.StackedModeCoverage(num_samples=20)
    run = trainer(tmp_path, callbacks=[counter], limit_test_batches=1)
    (logged,) = run.test(gan, datamodule=data, verbose=False)
    assert logged["test/modes"] == 3
    entropy = -sum(p * math.log(p) for p in (0.5, 0.25, 0.25))
    assert logged["test/reverse_kl"] == pytest.approx(math.log(1000) - entropy, rel=1e-5)
    assert counter.rows("test")[-1][:2] == ("test/modes", "3/1000")
