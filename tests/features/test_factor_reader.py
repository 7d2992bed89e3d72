"""The classifier of several factors: what it learns, and how it is kept."""

import pytest
import torch

import datamodules.factors
from datamodules import Factors
from lightning_gan.features import (
    accuracy_of_reader,
    cache_folder,
    factor_reader,
    kept_reader,
    train_reader,
    training,
)


@pytest.fixture(scope="module")
def data():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datamodules.factors, "SIZES", {"train": 768, "val": 10, "test": 300})
        made = Factors()
        made.prepare_data()
        made.setup()
    return made


def arguments(data, n=None):
    return data.pictures("train")[:n], data.factors("train")[:n], data.factor_sizes


def test_it_learns_every_factor(data, monkeypatch):
    monkeypatch.setattr(training, "BATCH", 32)  # many small steps
    before = torch.get_rng_state()
    reader = train_reader(*arguments(data), epochs=4)
    assert torch.equal(torch.get_rng_state(), before)
    *each, all_of_them = accuracy_of_reader(
        reader, data.pictures("test"), data.factors("test")
    ).tolist()
    for rate, size in zip(each, data.factor_sizes, strict=True):
        assert rate > 1 / size + 0.15
    assert 0 < all_of_them <= min(each)
    reading = reader.read(data.pictures("test"))
    assert reading.values.shape == reading.confidence.shape == (300, 4)
    floor = 1 / torch.tensor(data.factor_sizes)
    assert (reading.confidence > floor).all()
    assert reading.confidence.max() <= 1


def test_it_is_trained_once_and_then_read(data, monkeypatch):
    first = kept_reader(*arguments(data, 300))
    (path,) = cache_folder().glob("reader-*.pt")
    trained = []
    monkeypatch.setattr(factor_reader, "train_reader", lambda *a: trained.append(a) or first)
    again = kept_reader(*arguments(data, 300))
    assert not trained
    pictures = data.pictures("test")
    assert torch.equal(again.read(pictures).confidence, first.read(pictures).confidence)
    kept_reader(*arguments(data, 299))
    assert len(trained) == 1  # other pictures, another reader
    for damage in (b"no tensors", path.read_bytes()[:-5000]):
        path.write_bytes(damage)
        kept_reader(*arguments(data, 300))
    assert len(trained) == 3


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (
            torch.zeros(2, 3, 28, 28, dtype=torch.uint8),
            r"Pictures of \[3, 28, 28\] came to a reader",
        ),
        (torch.zeros(2, 3, 32, 32), "give bytes"),
    ],
)
def test_other_pictures_are_refused(data, pictures, words):
    reader = train_reader(*arguments(data, 300), epochs=1)
    with pytest.raises(ValueError, match=words):
        reader.read(pictures)
