"""BestCheckpoint saves the networks of the validation with the best score."""

import pytest
import torch
from model_factory import Pixels, make_model, trainer

import callbacks


class LogValues(callbacks.TrainingCurves):
    """Callback that logs the next of some values at each validation."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def on_validation_epoch_end(self, trainer, pl_module):
        pl_module.log("val/score", next(self.values))


@pytest.mark.parametrize(
    ("values", "lower", "step"),
    [([3.0, 1.0, 2.0, 1.0], True, 4), ([3.0, 1.0, 2.0, 1.0], False, 2), ([torch.nan, 5.0, 6.0, 7.0], True, 4)],
)  # fmt: skip
def test_the_file_is_of_the_best_validation(values, lower, step, tmp_path, capsys):
    best = callbacks.BestCheckpoint("val/score", lower)
    run = trainer(
        tmp_path,
        max_steps=8,
        callbacks=[LogValues(values), best],
        limit_val_batches=1,
        val_check_interval=2,
    )
    run.fit(make_model(), datamodule=Pixels())
    saved = torch.load(tmp_path / "checkpoints" / "best.ckpt", weights_only=True)
    assert saved["counts"]["g_updates"] == step
    assert "optimizer_states" not in saved
    assert f"at step {step}" in capsys.readouterr().out
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["best.ckpt"]


def test_a_score_that_is_not_computed_is_an_error(tmp_path):
    best = callbacks.BestCheckpoint("val/fid")
    run = trainer(
        tmp_path, max_steps=2, callbacks=[best], limit_val_batches=1, val_check_interval=2
    )
    message = "found no value of val/fid; the validation logged val/value"
    with pytest.raises(ValueError, match=message):
        run.fit(make_model(), datamodule=Pixels())
    with pytest.raises(ValueError, match="give a validation score"):
        callbacks.BestCheckpoint("test/fid")
