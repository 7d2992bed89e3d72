"""A stored classifier is loaded bit for bit, or refused in one sentence."""

import os
import zipfile
from pathlib import Path

import pytest
import torch
from bars import bars
from torch import nn

from lightning_gan.feature_extractors.base import WeightsError, hash_tensors
from lightning_gan.feature_extractors.classifier import Classifier
from lightning_gan.feature_extractors.classifier_training import save_classifier
from lightning_gan.utils.file_format import FORMAT


def test_a_stored_classifier_comes_back_bit_by_bit(network, stored):
    image_bytes = bars(20, seed=1)[0]
    loaded = Classifier("bars", str(stored)).load()
    assert loaded.weights == network.weights
    assert torch.equal(loaded(image_bytes).vectors, network(image_bytes).vectors)
    assert torch.equal(loaded(image_bytes).logits, network(image_bytes).logits)
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


def test_the_file_holds_plain_values_that_say_what_it_is(network, stored):
    content = torch.load(stored, weights_only=True)
    assert content.pop("state").keys() == network.layers.state_dict().keys()
    assert content == {
        "format": FORMAT, "data": "bars", "classes": 10, "dim": 64, "accuracy": 0.99, "seed": 0,
        "digest": network.weights,
    }  # fmt: skip


def test_a_save_that_fails_leaves_the_older_file_whole(network, stored, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = stored.read_bytes()
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_classifier(network, stored, data="bars", accuracy=0.5, seed=1)
    assert stored.read_bytes() == before
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


def test_a_space_names_itself_and_is_found_in_the_cache(network, tmp_path, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", str(tmp_path))
    space = Classifier("bars")
    assert (space.name, space.suffix, space.file) == (
        "classifier-bars",
        "_classifier",
        "classifier-bars.pt",
    )
    assert space == Classifier("bars") != Classifier("mnist")
    with pytest.raises(
        WeightsError, match=r"no classifier of bars at .*download --classifier bars"
    ):
        space.load()
    save_classifier(network, tmp_path / space.file, data="bars", accuracy=1.0, seed=0)
    assert space.load().name == "classifier-bars"


def change(path: Path, **values: object) -> None:
    torch.save(torch.load(path, weights_only=True) | values, path)


def flip_a_bit(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def other_tensors(path: Path) -> None:
    state = torch.load(path, weights_only=True)["state"]
    change(path, state=state | {"last.bias": state["last.bias"] + 1})


def other_layers(path: Path) -> None:
    state = nn.Linear(3, 2).state_dict()
    change(path, state=state, digest=hash_tensors(state))


def zip_of_something(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello", "there")


DAMAGE = {
    "empty": (lambda path: path.write_bytes(b""), "is damaged, or is not"),
    "page": (lambda path: path.write_text("<html>404</html>"), "is damaged, or is not"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "is damaged, or is not"),
    "a bit": (flip_a_bit, "is damaged, or is not"),
    "zip": (zip_of_something, "is damaged, or is not"),
    "code": (lambda path: torch.save({"state": bars}, path), "is damaged, or is not"),
    "a tensor": (lambda path: torch.save(torch.ones(3), path), "is damaged, or is not"),
    "tensors": (lambda path: torch.save({"a": torch.ones(3)}, path), "is not a classifier"),
    "other tensors": (other_tensors, "tensors that do not match its hash"),
    "other layers": (other_layers, "of another architecture"),
    "other classes": (lambda path: change(path, classes=9), "of another architecture"),
    "no classes": (lambda path: change(path, classes=-1), "of another architecture"),
    "no tensors": (lambda path: change(path, state={1: "a"}), "of another architecture"),
    "other data": (lambda path: change(path, data="faces"), "is a classifier of faces"),
    "older": (lambda path: change(path, format=0), "has format 0"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "There is no classifier of bars at"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_file_that_is_not_the_stored_classifier_is_refused(kind, stored):
    damage, words = DAMAGE[kind]
    damage(stored)
    with pytest.raises(WeightsError, match=words) as caught:
        Classifier("bars", str(stored)).load()
    assert "run `python -m lightning_gan download --classifier bars`" in str(caught.value)


def test_a_file_that_may_not_be_read_is_named(stored, monkeypatch):
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(WeightsError, match=r"cannot be read \(Permission denied\)"):
        Classifier("bars", str(stored)).load()
