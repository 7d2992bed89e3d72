"""Table 1, TFD: both stages, scores and errors."""

from pathlib import Path

import pytest
import torch
from tiny_tfd import TINY, tiny_tfd, write_tiny_tfd

from lightning_gan.evaluation.baselines import TrainingSet
from lightning_gan.studies.goodfellow2014 import experiments, table1_tfd
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict


def test_a_bad_file_and_the_short_version_are_not_run(tmp_path):
    path = write_tiny_tfd(tmp_path)
    (found,) = table1_tfd.judge_tfd(Setting(tmp_path, str(tmp_path), quick=True))
    assert (found.verdict, found.note[:12]) == (Verdict.NOT_RUN, "TFD has no s")
    path.write_bytes(b"")
    (found,) = table1_tfd.judge_tfd(Setting(tmp_path, str(tmp_path)))
    assert (found.verdict, "is empty" in found.note) == (Verdict.NOT_RUN, True)


def test_folds_with_different_unlabelled_images_are_refused(tmp_path, monkeypatch):
    file = tiny_tfd()
    file["folds"][50, 3] = 1  # labelled in the fourth fold only
    file["labs_ex"][50] = 1
    write_tiny_tfd(tmp_path, file)
    monkeypatch.setattr(table1_tfd, "CENTRES", 9)
    monkeypatch.setattr(table1_tfd, "train_both_stages", lambda *_: "a.ckpt")
    monkeypatch.setattr(
        table1_tfd, "load", lambda path: TrainingSet(torch.rand(table1_tfd.CENTRES, 1, 48, 48))
    )
    (found,) = table1_tfd.judge_tfd(Setting(tmp_path, str(tmp_path)))
    assert found.verdict is Verdict.NOT_RUN
    assert "Fold 4 of TFD has other images without labels" in found.note


@pytest.mark.slow
def test_both_stages_are_trained_once_and_scored(command, monkeypatch):
    write_tiny_tfd(Path("faces"))
    few = ["--data.batch_size", "10", "--trainer.accelerator", "cpu", "--trainer.callbacks", "[]"]
    units = ["--model.discriminator.init_args.widths", "[8, 8]"]
    g = "--model.generator.init_args."
    monkeypatch.setattr(
        table1_tfd, "EPOCHS", {"tfd_goodfellow2014_pretrain.yaml": 1, "tfd_goodfellow2014.yaml": 1}
    )
    monkeypatch.setattr(table1_tfd, "BATCH", 10)
    monkeypatch.setattr(table1_tfd, "CENTRES", 50)
    monkeypatch.setattr(table1_tfd, "MORE", {
        "tfd_goodfellow2014_pretrain.yaml": (*few, *units, f"{g}widths", str(TINY)),
        "tfd_goodfellow2014.yaml": (*few, *units, f"{g}width", "6", f"{g}upper.init_args.widths", str(TINY)),
    })  # fmt: skip
    fits = []

    def fit(words, log):
        fits.append(words[1])
        ended = command("fit", *words)
        assert ended.status == 0, ended.err

    monkeypatch.setattr(experiments, "_fit", fit)
    setting = Setting(Path("out"), "faces", seeds=(3,))
    first = table1_tfd.judge_tfd(setting)
    again = table1_tfd.judge_tfd(setting)
    assert fits == ["tfd_goodfellow2014_pretrain.yaml", "tfd_goodfellow2014.yaml"]
    assert first == again
    assert first[0].verdict is Verdict.FAILS
    assert "nats (1 seed, ± over folds)" in first[0].result
    assert "test images by fold 5, 5, 5, 5, 5" in first[0].note

    last = next(
        Path("out/runs").glob("tfd_goodfellow2014_seed3_0/*/version_0/checkpoints/last.ckpt")
    )
    weights = torch.load(last, weights_only=True)["state_dict"]
    rows = [w.norm(dim=1).max().item() for w in weights.values() if w.dim() > 1]
    assert max(rows) == pytest.approx(1.9365, rel=1e-5)  # the initial norm of an output of G is 10
    stage_1 = next(
        Path("out/runs").glob(
            "tfd_goodfellow2014_pretrain_seed3_0/*/version_0/checkpoints/last.ckpt"
        )
    )
    learned = torch.load(stage_1, weights_only=True)["state_dict"]["generator.output.weight"]
    assert (weights["generator.upper.output.weight"] - learned).norm() < 0.5 * learned.norm()

    stage_1.unlink()  # stage 2 does not need it after its start
    ended = command("sample", "--ckpt_path", str(last), "--num_samples", "4", "--out", "s")
    assert ended.status == 0, ended.err
    ended = command(
        "fit", "--ckpt_path", str(last), "--trainer.max_steps", "5", "--data.root", "faces"
    )
    assert ended.status == 0, ended.err
    assert "step 5/5" in ended.out
    again = (
        "fit",
        "--config",
        str(last.parents[1] / "config.yaml"),
        "--run.name",
        "b",
        "--trainer.max_steps",
        "5",
    )
    ended = command(*again)
    assert ended.status == 1
    assert ended.err.startswith("error: There is no checkpoint of the pretrained generator at out")
    assert "--model.generator.pretrained" in ended.err
