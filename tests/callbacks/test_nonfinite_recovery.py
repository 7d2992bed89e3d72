"""NonFiniteRecovery rolls back up to its limit and then lets the run stop; a kill leaves a valid checkpoint."""

import os
import signal
import warnings
import zipfile

import pytest
import torch
import yaml
from model_factory import Batches, make_model, trainer
from pytorch_lightning import Callback

import callbacks
from lightning_gan.training.statistics import NonFiniteLossError
from lightning_gan.utils import atomic_files
from lightning_gan.utils.config_files import CONFIGS


class InsertInfinity(Callback):
    """Callback that sets one pixel of the given minibatches, counted over the run, to infinity."""

    def __init__(self, *numbers):
        self.numbers, self.count = numbers, 0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if self.count in self.numbers:
            batch[0][0, 0, 0, 0] = torch.inf
        self.count += 1


def is_finite(gan):
    return all(bool(x.isfinite().all()) for x in gan.state_dict().values())


def get_rates(run):
    return [o.param_groups[0]["lr"] for o in run.optimizers]


def test_training_continues_from_the_last_finite_state_with_a_warning(tmp_path_factory, subtests):
    for k in [1, 2]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            recovery = callbacks.NonFiniteRecovery(
                callbacks.RollbackOnCollapse(limit=3, slower=0.5)
            )
            observers = [InsertInfinity(4 * k), recovery]
            run = trainer(tmp_path, max_steps=9, log_every_n_steps=3, callbacks=observers)
            gan = make_model(k=k)
            message = r"loss became nan at step 5. Rolled back to step 3, with 0.5 of the config's learning rate for G"
            with pytest.warns(UserWarning, match=message):
                run.fit(gan, Batches(40))
            assert gan.g_updates == run.global_step == 9
            assert is_finite(gan)
            assert recovery.response.rollbacks == 1
            assert get_rates(run) == pytest.approx([0.05, 0.025])


def test_beyond_the_limit_the_model_raises_its_error(tmp_path):
    recovery = callbacks.NonFiniteRecovery(callbacks.RollbackOnCollapse(limit=2, slower=0.5))
    every = InsertInfinity(*range(4, 100))
    keeps = callbacks.Checkpoints(every_n_steps=1)
    run = trainer(
        tmp_path, max_steps=9, log_every_n_steps=2, callbacks=[every, recovery, keeps], enable_checkpointing=True
    )  # fmt: skip
    with (
        pytest.warns(UserWarning, match="Rolled back to step 4") as warned,
        pytest.raises(NonFiniteLossError, match="at step 5") as caught,
    ):
        run.fit(make_model(), Batches(40))
    texts = {str(w.message) for w in warned if "Rolled back to step" in str(w.message)}
    assert len(texts) == 2  # equal warnings would be shown once
    assert caught.value.__notes__[0] == "All 2 rollbacks were used up."
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert all(bool(x.isfinite().all()) for x in last["state_dict"].values())


def test_with_finite_losses_training_does_not_change(tmp_path):
    states = []
    for observers in ([], [callbacks.NonFiniteRecovery()]):
        gan = make_model()
        run = trainer(tmp_path, max_steps=6, log_every_n_steps=2, callbacks=observers)
        run.fit(gan, Batches(4))
        states.append(gan.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=0)


def test_the_overlay_config_is_valid():
    text = yaml.safe_load((CONFIGS / "callbacks" / "recovery.yaml").read_text())
    (entry,) = text["trainer"]["callbacks+"]
    made = callbacks.RollbackOnCollapse(**entry["init_args"]["response"]["init_args"])
    assert (entry["class_path"], made.limit, made.slower) == ("NonFiniteRecovery", 3, 0.5)


def test_a_kill_at_the_nonfinite_loss_leaves_the_last_finite_checkpoint(tmp_path_factory, subtests):
    """A kill during the write of the crash file, or none: the earlier checkpoint is intact and finite."""
    for when in ["crash", "nothing"]:
        with subtests.test(when=when):
            tmp_path = tmp_path_factory.mktemp("row")
            child = os.fork()
            if not child:  # the child ends by a signal or by os._exit
                try:
                    right = os.replace

                    def replace(source, target):
                        if when in str(target):
                            os.kill(os.getpid(), signal.SIGKILL)
                        right(source, target)

                    atomic_files.os.replace = replace
                    run = trainer(
                        tmp_path, max_steps=9, log_every_n_steps=4, enable_checkpointing=True,
                        callbacks=[
                            InsertInfinity(4), callbacks.FlightRecorder(), callbacks.Checkpoints(every_n_steps=1)
                        ],
                    )  # fmt: skip
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        run.fit(make_model(), Batches(40))
                finally:
                    os._exit(7)
            _, status = os.waitpid(child, 0)
            killed = when == "crash"
            assert os.WIFSIGNALED(status) == killed
            last = tmp_path / "checkpoints" / "last.ckpt"
            with zipfile.ZipFile(last) as archive:
                assert archive.testzip() is None
            content = torch.load(last, weights_only=True)
            assert content["counts"]["g_updates"] == 4
            assert all(bool(x.isfinite().all()) for x in content["state_dict"].values())
            assert (tmp_path / "crash" / "step=5.pt").exists() == (not killed)


def test_the_error_has_a_note_if_all_rollbacks_are_used_up(subtests):
    for rollbacks, notes in [(1, []), (2, ["All 2 rollbacks were used up."])]:
        with subtests.test(rollbacks=rollbacks, notes=notes):
            recovery = callbacks.NonFiniteRecovery(callbacks.RollbackOnCollapse(limit=2))
            recovery.response.rollbacks = rollbacks
            error = NonFiniteLossError("generator", 3, float("nan"))
            recovery.on_exception(None, None, error)
            assert getattr(error, "__notes__", []) == notes
