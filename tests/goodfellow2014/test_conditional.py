"""Claim about p(x | c): measurements with known answers."""

import math

import pytest
import torch

from lightning_gan.feature_extractors import Features
from lightning_gan.losses import NonSaturating
from lightning_gan.models import ConditionalGAN
from lightning_gan.networks import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from lightning_gan.priors import Uniform
from lightning_gan.studies.goodfellow2014 import conditional
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict


def digits_model():
    """Build an untrained model of ten classes of 28x28 images."""
    torch.manual_seed(0)
    G = ConditionalGenerator(MLPGenerator([1, 28, 28], z_dim=12, widths=[4]), 10)
    D = ConditionalDiscriminator(MLPDiscriminator([794], widths=[2]), [1, 28, 28], 10)
    return ConditionalGAN(G, D, NonSaturating(), Uniform(), classes=10)


def sample_brightness(classes, seed):
    return (torch.tensor(classes) / 9).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)


def reads_brightness(image_bytes):
    """Classify correctly except that 9 is read as 0."""
    read = (image_bytes.float().mean((1, 2, 3)) / 255 * 9).round().long() % 9
    return Features(image_bytes, torch.nn.functional.one_hot(read, 10).float())


def test_samples_are_counted_by_requested_and_classified_class():
    model = digits_model()
    model.sample_classes = sample_brightness
    counts = conditional.count_classified(model, reads_brightness, n=50)
    expected = torch.eye(10).long() * 5
    expected[9] = torch.tensor([5] + [0] * 9)
    assert torch.equal(counts, expected)


def test_the_verdict_depends_on_the_classifier(tmp_path_factory, subtests):
    for conditional_, verdict in [(True, Verdict.HOLDS), (False, Verdict.FAILS)]:
        with (
            subtests.test(conditional_=conditional_, verdict=verdict),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            model = digits_model()
            if conditional_:
                model.sample_classes = sample_brightness
            monkeypatch.setattr(
                conditional, "train_or_find_conditional", lambda setting, seed: tmp_path
            )
            monkeypatch.setattr(conditional, "load_model", lambda run: model)
            monkeypatch.setattr(conditional, "SAMPLES", 100)
            monkeypatch.setattr(conditional, "QUICK_ACCURACY", 0.85)
            share, information = conditional.judge_mnist(
                Setting(tmp_path, quick=True), reads_brightness
            )
            assert {share.verdict, information.verdict} == {verdict}
            assert ("0.9000 (1 seed)" == share.result) == conditional_
            assert share.image.is_file()


def test_the_parzen_score_is_reported_with_that_of_the_recipe_without_classes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        conditional, "train_or_find_mnist", lambda setting, seed: tmp_path / f"without{seed}"
    )
    values = {"with0": 250.0, "with1": 252.0, "without0": 240.0, "without1": 242.0}
    monkeypatch.setattr(
        conditional, "read_test_score", lambda folder, name: (values[folder.name], 2.0)
    )
    found = conditional.report_parzen(
        Setting(seeds=(0, 1)), [tmp_path / "with0", tmp_path / "with1"]
    )
    assert found.result == "251.0 ± 1.0 (2 seeds)"
    assert "241.0 ± 1.0 (2 seeds)" in found.note


class Exact:
    """Model that samples p(x | c) exactly, or p(x) for every class."""

    def __init__(self, conditional_=True):
        self.conditional_ = conditional_

    def sample_classes(self, classes, seed):
        requested = torch.tensor(classes) if self.conditional_ else torch.arange(len(classes)) % 2
        return conditional.draw_exact(seed=9)[requested, torch.arange(len(classes)) // 2][:, None]


def test_on_the_line_an_exact_model_passes_and_an_unconditional_one_fails():
    assert conditional.compute_line_distances(Exact()).max() < conditional.TOLERANCE / 2
    unconditional = conditional.compute_line_distances(Exact(conditional_=False))
    torch.testing.assert_close(
        unconditional, conditional.compute_unconditional_distances(), atol=0.1, rtol=0
    )
    assert unconditional.min() > 10 * conditional.TOLERANCE


def test_information_of_an_accuracy():
    assert conditional.compute_information(0.5, 2) == pytest.approx(0)
    assert conditional.compute_information(1 - 1e-12, 10) == pytest.approx(math.log(10))


def test_without_a_classifier_only_the_line_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(conditional, "QUICK_STEPS", 2)
    line, digits = conditional.run(Setting(tmp_path, quick=True))
    assert line.verdict is Verdict.FAILS  # after two steps
    assert digits.verdict is Verdict.NOT_RUN
    assert "download --classifier mnist" in digits.result
