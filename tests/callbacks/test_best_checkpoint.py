"""The generator that scored best is the one that is kept."""

import pytest
import torch
from model_factory import Pixels, make_model, trainer

import callbacks


class Message(callbacks.TrainingCurves):
    """Logs one value after another, as a score does."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def on_validation_epoch_end(self, trainer, pl_module):
        pl_module.log("val/told", next(self.values))


@pytest.mark.parametrize(
    ("values", "lower", "step"),
    [([3.0, 1.0, 2.0, 1.0], True, 4), ([3.0, 1.0, 2.0, 1.0], False, 2), ([torch.nan, 5.0, 6.0, 7.0], True, 4)],
)  # fmt: skip
def test_it_is_that_of_the_best_validation(values, lower, step, tmp_path, capsys):
    best = callbacks.BestCheckpoint("val/told", lower)
    run = trainer(
        tmp_path,
        max_steps=8,
        callbacks=[Message(values), best],
        limit_val_batches=1,
        val_check_interval=2,
    )
    run.fit(make_model(), datamodule=Pixels())
    kept = torch.load(tmp_path / "checkpoints" / "best.ckpt", weights_only=True)
    assert kept["counts"]["g_updates"] == step
    assert "optimizer_states" not in kept
    assert f"at step {step}" in capsys.readouterr().out
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["best.ckpt"]


def test_a_score_that_nobody_computes_is_named(tmp_path):
    best = callbacks.BestCheckpoint("val/fid")
    run = trainer(
        tmp_path, max_steps=2, callbacks=[best], limit_val_batches=1, val_check_interval=2
    )
    with pytest.raises(ValueError, match="looks for val/fid, but a validation gave val/value"):
        run.fit(make_model(), datamodule=Pixels())
    with pytest.raises(ValueError, match="give a score of the validation"):
        callbacks.BestCheckpoint("test/fid")
