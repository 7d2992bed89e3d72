"""The classifier of several factors: training and cache."""

import pytest
import torch

import datamodules.factors
from datamodules import FactorDigits
from lightning_gan.feature_extractors import (
    cache_folder,
    classifier_training,
    factor_classifier,
    load_factor_classifier,
    measure_factor_accuracy,
    train_factor_classifier,
)


@pytest.fixture(scope="module")
def data():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datamodules.factors, "SIZES", {"train": 768, "val": 10, "test": 300})
        made = FactorDigits()
        made.prepare_data()
        made.setup()
    return made


def arguments(data, n=None):
    return data.uint8_images("train")[:n], data.factors("train")[:n], data.factor_sizes


def test_it_learns_every_factor(data, monkeypatch):
    monkeypatch.setattr(classifier_training, "BATCH", 32)  # many small steps
    before = torch.get_rng_state()
    reader = train_factor_classifier(*arguments(data), epochs=4)
    assert torch.equal(torch.get_rng_state(), before)
    *each, all_of_them = measure_factor_accuracy(
        reader, data.uint8_images("test"), data.factors("test")
    ).tolist()
    for rate, size in zip(each, data.factor_sizes, strict=True):
        assert rate > 1 / size + 0.15
    assert 0 < all_of_them <= min(each)
    reading = reader.read(data.uint8_images("test"))
    assert reading.values.shape == reading.confidence.shape == (300, 4)
    floor = 1 / torch.tensor(data.factor_sizes)
    assert (reading.confidence > floor).all()
    assert reading.confidence.max() <= 1


def test_it_is_trained_once_and_then_read(data, monkeypatch):
    first = load_factor_classifier(*arguments(data, 300))
    (path,) = cache_folder().glob("reader-*.pt")
    trained = []
    monkeypatch.setattr(
        factor_classifier, "train_factor_classifier", lambda *a: trained.append(a) or first
    )
    again = load_factor_classifier(*arguments(data, 300))
    assert not trained
    image_bytes = data.uint8_images("test")
    assert torch.equal(again.read(image_bytes).confidence, first.read(image_bytes).confidence)
    load_factor_classifier(*arguments(data, 299))
    assert len(trained) == 1  # other images need another classifier
    for damage in (b"no tensors", path.read_bytes()[:-5000]):
        path.write_bytes(damage)
        load_factor_classifier(*arguments(data, 300))
    assert len(trained) == 3


@pytest.mark.parametrize(
    ("image_bytes", "words"),
    [
        (
            torch.zeros(2, 3, 28, 28, dtype=torch.uint8),
            r"got images of \[3, 28, 28\]",
        ),
        (torch.zeros(2, 3, 32, 32), "give bytes"),
    ],
)
def test_other_images_are_refused(data, image_bytes, words):
    reader = train_factor_classifier(*arguments(data, 300), epochs=1)
    with pytest.raises(ValueError, match=words):
        reader.read(image_bytes)
