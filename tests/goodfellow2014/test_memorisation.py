"""The audit's table: what it says of sets of which the answer is known."""

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
    MOVED,
    PIXELS,
    judge_memorisation,
    moved,
    run,
)


def image_bytes(n, seed):
    """Strokes with an empty edge, as MNIST has."""
    images = (strokes(n, seed) * 255).round().to(torch.uint8).view(-1, 1, 28, 28)
    images[..., [0, 1, -2, -1]] = 0
    images[..., [0, 1, -2, -1], :] = 0
    return images


class Network:
    """Stands for the trained classifier, which is not there in a test."""

    def load(self):
        torch.manual_seed(0)
        return DigitNetwork(DigitLayers(10))


@pytest.fixture
def audited(monkeypatch, tmp_path):
    """Runs the claim on a model that gives out these images; findings by set and space."""
    splits = {"train": image_bytes(250, 0), "test": image_bytes(160, 1)}
    data = SimpleNamespace(uint8_images=splits.get, display_range=(0.0, 1.0))
    monkeypatch.setattr(memorisation, "load_data", lambda run: data)
    monkeypatch.setattr(memorisation, "SHORT", (80, 250))
    monkeypatch.setattr(memorisation, "mnist_run", lambda setting, seed: tmp_path)

    def table(samples, seeds=(0,)):
        gan = SimpleNamespace(sample=lambda n: samples(splits)[:n].float() / 255)
        monkeypatch.setattr(memorisation, "load_model", lambda run: gan)
        return run(Setting(tmp_path, seeds=seeds, quick=True))

    return table


def of(findings, name, space):
    (found,) = [f for f in findings if f.what.startswith(f"{name}, {space}:")]
    return found


def test_the_test_is_right_about_every_set_that_is_known(audited, monkeypatch):
    monkeypatch.setattr(memorisation, "Classifier", Network)
    findings = audited(lambda splits: image_bytes(80, 2))
    assert len(findings) == 15
    missed = of(
        findings, "training images, moved", PIXELS
    )  # strokes are so smooth that pixels see some
    assert missed.theirs == "not copied"
    assert {f.verdict for f in findings if f is not missed} == {Verdict.HOLDS, Verdict.SHOWN}
    assert of(findings, "training images, moved", MOVED).ours.startswith("1.000 ± 0.000, z = -1")
    assert of(findings, "held-out images", FEATURES).verdict is Verdict.HOLDS
    assert findings[0].image.is_file()


@pytest.mark.parametrize("shift", [0, 2])
def test_a_model_that_copies_is_accused_and_a_move_does_not_help_it(audited, shift):
    findings = audited(lambda splits: splits["train"].roll((shift, -shift), (2, 3)))
    assert of(findings, "samples of G", MOVED).verdict is Verdict.FAILS
    in_pixels = of(findings, "samples of G", PIXELS).verdict
    assert in_pixels is (Verdict.HOLDS if shift else Verdict.FAILS)


def test_without_a_classifier_one_sentence_says_so(audited):
    *found, missing = audited(lambda splits: image_bytes(80, 2), seeds=(0, 1))
    assert len(found) == 10
    assert missing.verdict is Verdict.NOT_RUN
    assert "download --classifier mnist" in missing.ours
    assert "(2 seeds), z = " in of(found, "samples of G", PIXELS).ours


def test_moved_pictures_are_all_elsewhere_by_two_pixels_at_most():
    image = torch.zeros(200, 1, 9, 9, dtype=torch.uint8)
    image[..., 4, 4] = 255
    places = moved(image)[:, 0].flatten(1).argmax(1)
    rows, columns = places // 9 - 4, places % 9 - 4
    assert max(rows.abs().max(), columns.abs().max()) == 2
    assert ((rows != 0) | (columns != 0)).all()
    assert len(places.unique()) == 24


def test_the_verdict_of_several_seeds_is_that_of_the_worst():
    clean, copied = audit(torch.ones(50), torch.ones(50)), audit(torch.zeros(50), torch.ones(50))
    assert judge_memorisation([clean, clean], expected=False) is Verdict.HOLDS
    assert judge_memorisation([clean, copied], expected=False) is Verdict.FAILS
    assert judge_memorisation([copied], expected=None) is Verdict.SHOWN
