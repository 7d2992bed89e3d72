"""Test for memorisation on sets with known answers."""

from types import SimpleNamespace

import pytest
import torch
from stroke_images import strokes

from lightning_gan.feature_extractors import DigitNetwork
from lightning_gan.feature_extractors.classifier import DigitLayers
from lightning_gan.metrics.memorisation import audit
from lightning_gan.studies.goodfellow2014 import memorisation
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.memorisation import (
    FEATURES,
    PIXELS,
    SHIFTED,
    judge_memorisation,
    run,
    shift_at_random,
)


def image_bytes(n, seed):
    """Draw strokes with an empty border, as in MNIST."""
    images = (strokes(n, seed) * 255).round().to(torch.uint8).view(-1, 1, 28, 28)
    images[..., [0, 1, -2, -1]] = 0
    images[..., [0, 1, -2, -1], :] = 0
    return images


class Network:
    """Stand-in for the trained classifier."""

    def load(self):
        torch.manual_seed(0)
        return DigitNetwork(DigitLayers(10))


@pytest.fixture
def audited(monkeypatch, tmp_path):
    """Run the claim on a model with given samples, and return its findings."""
    splits = {"train": image_bytes(250, 0), "test": image_bytes(160, 1)}
    data = SimpleNamespace(uint8_images=splits.get, display_range=(0.0, 1.0))
    monkeypatch.setattr(memorisation, "load_data", lambda run: data)
    monkeypatch.setattr(memorisation, "SHORT", (80, 250))
    monkeypatch.setattr(memorisation, "train_or_find_mnist", lambda setting, seed: tmp_path)

    def table(samples, seeds=(0,)):
        gan = SimpleNamespace(sample=lambda n: samples(splits)[:n].float() / 255)
        monkeypatch.setattr(memorisation, "load_model", lambda run: gan)
        return run(Setting(tmp_path, seeds=seeds, quick=True))

    return table


def find(findings, name, space):
    (found,) = [f for f in findings if f.quantity.startswith(f"{name}, {space}:")]
    return found


def test_the_result_for_every_known_set_is_correct(audited, monkeypatch):
    monkeypatch.setattr(memorisation, "Classifier", Network)
    findings = audited(lambda splits: image_bytes(80, 2))
    assert len(findings) == 15
    missed = find(
        findings, "training images, shifted", PIXELS
    )  # strokes are smooth, so that pixel distances detect some
    assert missed.expected == "not copied"
    assert {f.verdict for f in findings if f is not missed} == {Verdict.HOLDS, Verdict.SHOWN}
    assert find(findings, "training images, shifted", SHIFTED).result.startswith(
        "1.000 ± 0.000, z = -1"
    )
    assert find(findings, "held-out images", FEATURES).verdict is Verdict.HOLDS
    assert findings[0].image.is_file()


@pytest.mark.parametrize("shift", [0, 2])
def test_copies_and_shifted_copies_are_detected(audited, shift):
    findings = audited(lambda splits: splits["train"].roll((shift, -shift), (2, 3)))
    assert find(findings, "samples of G", SHIFTED).verdict is Verdict.FAILS
    in_pixels = find(findings, "samples of G", PIXELS).verdict
    assert in_pixels is (Verdict.HOLDS if shift else Verdict.FAILS)


def test_without_a_classifier_the_features_are_not_run(audited):
    *found, missing = audited(lambda splits: image_bytes(80, 2), seeds=(0, 1))
    assert len(found) == 10
    assert missing.verdict is Verdict.NOT_RUN
    assert "download --classifier mnist" in missing.result
    assert "(2 seeds), z = " in find(found, "samples of G", PIXELS).result


def test_shifts_are_not_zero_and_at_most_two_pixels():
    image = torch.zeros(200, 1, 9, 9, dtype=torch.uint8)
    image[..., 4, 4] = 255
    indices = shift_at_random(image)[:, 0].flatten(1).argmax(1)
    rows, columns = indices // 9 - 4, indices % 9 - 4
    assert max(rows.abs().max(), columns.abs().max()) == 2
    assert ((rows != 0) | (columns != 0)).all()
    assert len(indices.unique()) == 24


def test_every_seed_has_to_have_the_expected_result():
    clean, copied = audit(torch.ones(50), torch.ones(50)), audit(torch.zeros(50), torch.ones(50))
    assert judge_memorisation([clean, clean], expected=False) is Verdict.HOLDS
    assert judge_memorisation([clean, copied], expected=False) is Verdict.FAILS
    assert judge_memorisation([copied], expected=None) is Verdict.SHOWN
