"""The claim that p(x | c) is learned: what it measures, where the answer is known."""

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
    """Ten classes of 28x28, untrained."""
    torch.manual_seed(0)
    G = ConditionalGenerator(MLPGenerator([1, 28, 28], z_dim=12, widths=[4]), 10)
    D = ConditionalDiscriminator(MLPDiscriminator([794], widths=[2]), [1, 28, 28], 10)
    return ConditionalGAN(G, D, NonSaturating(), Uniform(), classes=10)


def as_bright_as_asked(classes, seed):
    return (torch.tensor(classes) / 9).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)


def reads_brightness(image_bytes):
    """Reads the class right, but takes a 9 for a 0."""
    read = (image_bytes.float().mean((1, 2, 3)) / 255 * 9).round().long() % 9
    return Features(image_bytes, torch.nn.functional.one_hot(read, 10).float())


def test_samples_are_counted_by_what_was_asked_and_what_was_read():
    model = digits_model()
    model.sample_classes = as_bright_as_asked
    counts = conditional.read_as(model, reads_brightness, n=50)
    expected = torch.eye(10).long() * 5
    expected[9] = torch.tensor([5] + [0] * 9)
    assert torch.equal(counts, expected)


def test_the_verdict_is_that_of_the_classifier(tmp_path_factory, subtests):
    for listens, verdict in [(True, Verdict.HOLDS), (False, Verdict.FAILS)]:
        with (
            subtests.test(listens=listens, verdict=verdict),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            model = digits_model()
            if listens:
                model.sample_classes = as_bright_as_asked
            monkeypatch.setattr(conditional, "mnist_by_class", lambda setting, seed: tmp_path)
            monkeypatch.setattr(conditional, "load_model", lambda run: model)
            monkeypatch.setattr(conditional, "SAMPLES", 100)
            monkeypatch.setattr(conditional, "QUICK_RIGHT", 0.85)
            share, information = conditional.on_mnist(
                Setting(tmp_path, quick=True), reads_brightness
            )
            assert {share.verdict, information.verdict} == {verdict}
            assert ("0.9000 (1 seed)" == share.ours) == listens
            assert share.image.is_file()


def test_the_parzen_score_stands_beside_that_of_the_same_recipe_without_classes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(conditional, "mnist_run", lambda setting, seed: tmp_path / f"without{seed}")
    values = {"with0": 250.0, "with1": 252.0, "without0": 240.0, "without1": 242.0}
    monkeypatch.setattr(
        conditional, "evaluate_checkpoint", lambda folder, name: (values[folder.name], 2.0)
    )
    found = conditional.parzen(Setting(seeds=(0, 1)), [tmp_path / "with0", tmp_path / "with1"])
    assert found.ours == "251.0 ± 1.0 (2 seeds)"
    assert "241.0 ± 1.0 (2 seeds)" in found.note


class Exact:
    """A model that knows p(x | c), or draws from p(x) whatever was asked."""

    def __init__(self, listens=True):
        self.listens = listens

    def sample_classes(self, classes, seed):
        asked = torch.tensor(classes) if self.listens else torch.arange(len(classes)) % 2
        return conditional.exact(seed=9)[asked, torch.arange(len(classes)) // 2][:, None]


def test_on_the_line_an_exact_model_passes_and_one_that_does_not_listen_fails():
    assert conditional.line_distances(Exact()).max() < conditional.WITHIN / 2
    deaf = conditional.line_distances(Exact(listens=False))
    torch.testing.assert_close(deaf, conditional.ignorant_distances(), atol=0.1, rtol=0)
    assert deaf.min() > 10 * conditional.WITHIN


def test_information_at_a_share():
    assert conditional.information_at(0.5, 2) == pytest.approx(0)
    assert conditional.information_at(1 - 1e-12, 10) == pytest.approx(math.log(10))


def test_without_a_classifier_the_line_is_played_and_the_rest_says_why_not(tmp_path, monkeypatch):
    monkeypatch.setattr(conditional, "QUICK_STEPS", 2)
    line, digits = conditional.run(Setting(tmp_path, quick=True))
    assert line.verdict is Verdict.FAILS  # after two steps
    assert digits.verdict is Verdict.NOT_RUN
    assert "download --classifier mnist" in digits.ours
