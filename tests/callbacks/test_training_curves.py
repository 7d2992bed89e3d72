"""The image of a run's curves: its points are read from metrics.csv, and no checkpoint grows by them."""

import json

import pytest
import torch
from model_factory import Pixels, make_model, trainer

import callbacks
from lightning_gan.plotting import figures
from lightning_gan.tracking.metrics_csv import MetricsLogger
from lightning_gan.utils.file_format import FORMAT


@pytest.fixture
def drawn(monkeypatch):
    """The curves of each image that is drawn."""
    seen, draw = [], figures.plot_curves
    monkeypatch.setattr(
        figures, "plot_curves", lambda curves, logits: seen.append(curves) or draw(curves, logits)
    )
    return seen


def steps(curves):
    """Where each curve has points; minibatches of these tests do not go on, so values differ."""
    return {key: [step for step, _ in curve] for key, curve in curves.items() if curve}


def play(folder, length, kept, ckpt_path=None, keep=0):
    """A run, with metrics.csv or without."""
    logger = MetricsLogger(str(folder), "run", "version_0", keep) if kept else False
    run = trainer(
        folder, max_steps=length, logger=logger, log_every_n_steps=2, enable_checkpointing=True, val_check_interval=3,
        check_val_every_n_epoch=None, limit_val_batches=1, max_epochs=-1,
        callbacks=[callbacks.TrainingCurves(), callbacks.RNGState(), callbacks.Checkpoints(every_n_steps=1, keep=0)],
    )  # fmt: skip
    run.fit(make_model(), datamodule=Pixels(), ckpt_path=ckpt_path)
    place = folder / "run" / "version_0" if kept else folder
    return place / "checkpoints" / "last.ckpt"


@pytest.mark.parametrize("kept", [True, False], ids=["metrics.csv", "no logger"])
def test_a_run_that_goes_on_draws_all_its_points(kept, tmp_path, drawn):
    play(tmp_path / "whole", 9, kept)
    last = play(tmp_path / "parts", 5, kept)
    rows = torch.load(last, weights_only=True)["written"]["metrics.csv"]
    play(tmp_path / "parts", 9, kept, last, keep=rows)
    whole, part, again = (
        {k: [s for s, _ in v] for k, v in curves.items() if v} for curves in drawn
    )
    assert whole["train/value"] == [2, 4, 6, 8]
    assert whole["val/value"] == [3, 6, 9]
    assert part["train/value"] == [2, 4]
    assert again == whole


def test_a_run_in_a_folder_of_its_own_draws_the_points_of_the_run_before_it(tmp_path, drawn):
    play(tmp_path / "whole", 9, kept=True)
    last = play(tmp_path / "first", 5, kept=True)
    folder = tmp_path / "second" / "run" / "version_0"
    folder.mkdir(parents=True)
    message = {"format": FORMAT, "continues": {"checkpoint": str(last), "step": 5}}
    (folder / "run.json").write_text(json.dumps(message))
    play(tmp_path / "second", 9, True, last)
    whole, first, second = drawn
    assert steps(second) == steps(whole)
    assert second["train/value"][:2] == first["train/value"]


def test_checkpoints_hold_points_only_where_no_file_does(tmp_path_factory, subtests):
    for kept in [True, False]:
        with subtests.test(kept=kept):
            tmp_path = tmp_path_factory.mktemp("row")
            saved = torch.load(play(tmp_path, 5, kept), weights_only=True)
            assert ("curves" in saved) is not kept
