"""Figure 2: image of nearest training images, and detection of copies."""

from types import SimpleNamespace

import pytest
import torch
from stroke_images import strokes

from lightning_gan.studies.goodfellow2014 import figure2
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.figure2 import (
    draw_with_neighbours,
    is_no_higher,
    judge_copies,
    measure_copies,
)


def image_bytes(n, seed):
    return (strokes(n, seed) * 255).round().to(torch.uint8).view(-1, 1, 28, 28)


def data_with(splits):
    """Build a stand-in for a data module from bytes."""
    return SimpleNamespace(
        uint8_images=splits.get,
        images=lambda split: splits[split].float() / 255,
        display_range=(0.0, 1.0),
    )


@pytest.fixture
def judge(monkeypatch, tmp_path):
    """Run the claim on a model with given samples."""
    splits = {"train": image_bytes(400, 0), "test": image_bytes(200, 1)}
    data = data_with(splits)
    monkeypatch.setattr(figure2, "load_data", lambda run: data)
    monkeypatch.setattr(figure2, "SAMPLES", 200)

    def judged(samples, seeds=(0,)):
        gan = SimpleNamespace(sample=lambda n, seed: samples(splits)[:n].float() / 255)
        monkeypatch.setattr(figure2, "load_model", lambda run: gan)
        setting = Setting(tmp_path, seeds=seeds)
        return judge_copies(lambda setting, seed: tmp_path, "Made strokes", setting, "figure2")

    return judged


def test_a_model_of_copies_fails(judge):
    found = judge(lambda splits: splits["train"])
    assert found.verdict is Verdict.FAILS
    assert found.result == "100.0 (1 seed); held-out images 0.0"


def test_a_model_with_some_copies_fails(judge):
    found = judge(lambda splits: torch.cat([splits["train"][:20], image_bytes(180, 2)]))
    assert found.verdict is Verdict.FAILS
    assert found.result.startswith("10.0 ")


def test_a_model_without_copies_holds_for_every_seed(judge):
    found = judge(lambda splits: image_bytes(200, 2), seeds=(0, 1, 2))
    assert found.verdict is Verdict.HOLDS
    assert found.result == "0.0 ± 0.0 (3 seeds); held-out images 0.0"
    assert found.image.name == "made_strokes.png"
    assert found.image.is_file()


def test_the_right_most_column_is_the_nearest_training_image_of_the_last_sample():
    train = image_bytes(50, 0)
    samples = torch.cat([image_bytes(1, 1), train[[7]], image_bytes(1, 2), train[[3]]])
    drawn = draw_with_neighbours(samples.float() / 255, data_with({"train": train}), columns=2)
    drawn = drawn[0, ::2, ::2]  # each pixel is scaled by 2
    cells = [[drawn[2 + 30 * i :, 2 + 30 * j :][:28, :28] for j in range(4)] for i in range(2)]
    for row, index in zip(cells, (7, 3), strict=True):
        assert torch.equal(row[1], train[index, 0])
        assert torch.equal(row[3], train[index, 0])
        assert (row[2] == 128).all()
    assert torch.equal(cells[0][0], samples[0, 0])


def test_blank_samples_are_no_copies():
    assert measure_copies(torch.zeros(3, 1, 28, 28), image_bytes(60, 0) / 255) == 0


def test_the_share_of_copies_may_exceed_that_of_held_out_images_by_chance(subtests):
    for samples, held_out, allowed in [
        (0.0, 0.0, True),
        (0.008, 0.0, True),
        (0.01, 0.0, False),
        (0.5, 0.9, True),
        (1, 0.9, False),
    ]:
        with subtests.test(samples=samples, held_out=held_out, allowed=allowed):
            assert is_no_higher(samples, held_out, 1000) is allowed


def test_without_the_file_tfd_is_not_run(command):
    ended = command("reproduce", "figure2_tfd", "--root", "faces")
    assert ended.status == 1
    assert "not run: nothing" in ended.out
    assert "TFD_48x48.mat" in ended.out


def test_both_pairs_of_cifar10_are_judged(monkeypatch, tmp_path):
    runs = {kind: tmp_path / kind for kind in ("convolutional", "fully connected")}
    monkeypatch.setattr(figure2, "train_or_find_cifar10", lambda setting, seed: runs)
    titles = []

    def neighbours(run, title, setting, claim):
        titles.append((title, run(setting, 0).name))

    monkeypatch.setattr(figure2, "judge_copies", neighbours)
    figure2.CIFAR10.run(Setting(tmp_path))
    assert titles == [
        ("CIFAR-10 fully connected", "fully connected"),
        ("CIFAR-10 convolutional", "convolutional"),
    ]
