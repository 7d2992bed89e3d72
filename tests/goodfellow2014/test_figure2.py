"""Figure 2: the image, and which samples are called copies."""

from types import SimpleNamespace

import pytest
import torch
from stroke_images import strokes

from lightning_gan.studies.goodfellow2014 import figure2
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.figure2 import (
    beside_neighbours,
    copies,
    neighbours,
    no_more,
)


def image_bytes(n, seed):
    return (strokes(n, seed) * 255).round().to(torch.uint8).view(-1, 1, 28, 28)


def data_with(splits):
    """Stands for a data module of bytes."""
    return SimpleNamespace(
        uint8_images=splits.get,
        images=lambda split: splits[split].float() / 255,
        display_range=(0.0, 1.0),
    )


@pytest.fixture
def judge(monkeypatch, tmp_path):
    """Runs the claim on a model that gives out these images."""
    splits = {"train": image_bytes(400, 0), "test": image_bytes(200, 1)}
    data = data_with(splits)
    monkeypatch.setattr(figure2, "load_data", lambda run: data)
    monkeypatch.setattr(figure2, "SAMPLES", 200)

    def judged(samples, seeds=(0,)):
        gan = SimpleNamespace(sample=lambda n, seed: samples(splits)[:n].float() / 255)
        monkeypatch.setattr(figure2, "load_model", lambda run: gan)
        setting = Setting(tmp_path, seeds=seeds)
        return neighbours(lambda setting, seed: tmp_path, "Made strokes", setting, "figure2")

    return judged


def test_a_model_that_repeats_its_training_data_fails(judge):
    found = judge(lambda splits: splits["train"])
    assert found.verdict is Verdict.FAILS
    assert found.ours == "100.0 (1 seed); held-out images 0.0"


def test_so_does_one_that_repeats_them_now_and_then(judge):
    found = judge(lambda splits: torch.cat([splits["train"][:20], image_bytes(180, 2)]))
    assert found.verdict is Verdict.FAILS
    assert found.ours.startswith("10.0 ")


def test_a_model_as_good_as_the_data_holds_and_every_seed_counts(judge):
    found = judge(lambda splits: image_bytes(200, 2), seeds=(0, 1, 2))
    assert found.verdict is Verdict.HOLDS
    assert found.ours == "0.0 ± 0.0 (3 seeds); held-out images 0.0"
    assert found.image.name == "made_strokes.png"
    assert found.image.is_file()


def test_the_rightmost_column_is_the_nearest_training_example_of_its_neighbour():
    sample_set = image_bytes(50, 0)
    samples = torch.cat([image_bytes(1, 1), sample_set[[7]], image_bytes(1, 2), sample_set[[3]]])
    drawn = beside_neighbours(samples.float() / 255, data_with({"train": sample_set}), columns=2)
    drawn = drawn[0, ::2, ::2]  # each pixel is drawn twice as wide
    cells = [[drawn[2 + 30 * i :, 2 + 30 * j :][:28, :28] for j in range(4)] for i in range(2)]
    for row, place in zip(cells, (7, 3), strict=True):
        assert torch.equal(row[1], sample_set[place, 0])
        assert torch.equal(row[3], sample_set[place, 0])
        assert (row[2] == 128).all()
    assert torch.equal(cells[0][0], samples[0, 0])


def test_blank_samples_in_a_bank_of_other_pictures_are_no_copies():
    assert copies(torch.zeros(3, 1, 28, 28), image_bytes(60, 0) / 255) == 0


def test_samples_may_be_copies_as_often_as_held_out_images_and_by_chance(subtests):
    for samples, held_out, allowed in [
        (0.0, 0.0, True),
        (0.008, 0.0, True),
        (0.01, 0.0, False),
        (0.5, 0.9, True),
        (1, 0.9, False),
    ]:
        with subtests.test(samples=samples, held_out=held_out, allowed=allowed):
            assert no_more(samples, held_out, 1000) is allowed


def test_without_the_file_tfd_is_not_run_in_the_data_modules_words(command):
    ended = command("reproduce", "figure2_tfd", "--root", "faces")
    assert ended.status == 1
    assert "not run: nothing" in ended.out
    assert "TFD_48x48.mat" in ended.out


def test_both_pairs_of_cifar10_are_shown(monkeypatch, tmp_path):
    runs = {kind: tmp_path / kind for kind in ("convolutional", "fully connected")}
    monkeypatch.setattr(figure2, "cifar10_runs", lambda setting, seed: runs)
    titles = []

    def neighbours(run, title, setting, claim):
        titles.append((title, run(setting, 0).name))

    monkeypatch.setattr(figure2, "neighbours", neighbours)
    figure2.CIFAR10.run(Setting(tmp_path))
    assert titles == [
        ("CIFAR-10 fully connected", "fully connected"),
        ("CIFAR-10 convolutional", "convolutional"),
    ]
