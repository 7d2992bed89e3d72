"""TrainingCurves reads its points from metrics.csv, so that checkpoints do not grow with the run."""

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
    """Curves of each image that is drawn."""
    found, draw = [], figures.plot_curves
    monkeypatch.setattr(
        figures, "plot_curves", lambda curves, logits: found.append(curves) or draw(curves, logits)
    )
    return found


def get_steps(curves):
    """Steps of each curve's points; values differ, because the minibatches of these tests do not resume."""
    return {key: [step for step, _ in curve] for key, curve in curves.items() if curve}


def train(folder, length, with_csv, ckpt_path=None, keep=0):
    """Train with or without a metrics.csv and return the path of the last checkpoint."""
    logger = MetricsLogger(str(folder), "run", "version_0", keep) if with_csv else False
    run = trainer(
        folder, max_steps=length, logger=logger, log_every_n_steps=2, enable_checkpointing=True, val_check_interval=3,
        check_val_every_n_epoch=None, limit_val_batches=1, max_epochs=-1,
        callbacks=[callbacks.TrainingCurves(), callbacks.RNGState(), callbacks.Checkpoints(every_n_steps=1, keep=0)],
    )  # fmt: skip
    run.fit(make_model(), datamodule=Pixels(), ckpt_path=ckpt_path)
    run_folder = folder / "run" / "version_0" if with_csv else folder
    return run_folder / "checkpoints" / "last.ckpt"


@pytest.mark.parametrize("with_csv", [True, False], ids=["metrics.csv", "no logger"])
def test_a_resumed_run_draws_all_its_points(with_csv, tmp_path, drawn):
    train(tmp_path / "whole", 9, with_csv)
    last = train(tmp_path / "parts", 5, with_csv)
    rows = torch.load(last, weights_only=True)["written"]["metrics.csv"]
    train(tmp_path / "parts", 9, with_csv, last, keep=rows)
    whole, part, resumed = map(get_steps, drawn)
    assert whole["train/value"] == [2, 4, 6, 8]
    assert whole["val/value"] == [3, 6, 9]
    assert part["train/value"] == [2, 4]
    assert resumed == whole


def test_a_run_that_continues_another_in_a_new_folder_draws_its_points_too(tmp_path, drawn):
    train(tmp_path / "whole", 9, with_csv=True)
    last = train(tmp_path / "first", 5, with_csv=True)
    folder = tmp_path / "second" / "run" / "version_0"
    folder.mkdir(parents=True)
    run_info = {"format": FORMAT, "continues": {"checkpoint": str(last), "step": 5}}
    (folder / "run.json").write_text(json.dumps(run_info))
    train(tmp_path / "second", 9, True, last)
    whole, first, second = drawn
    assert get_steps(second) == get_steps(whole)
    assert second["train/value"][:2] == first["train/value"]


def test_checkpoints_hold_points_only_without_a_csv(tmp_path_factory, subtests):
    for with_csv in [True, False]:
        with subtests.test(with_csv=with_csv):
            tmp_path = tmp_path_factory.mktemp("row")
            saved = torch.load(train(tmp_path, 5, with_csv), weights_only=True)
            assert ("curves" in saved) is not with_csv
