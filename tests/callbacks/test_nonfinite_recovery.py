"""Recovery: it goes back as often as it was told, says so, and then lets the run stop. And what a kill leaves."""

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


class Poison(Callback):
    """Puts an infinite pixel into these minibatches, counted over the whole run."""

    def __init__(self, *numbers):
        self.numbers, self.find_nonfinite = numbers, 0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if self.find_nonfinite in self.numbers:
            batch[0][0, 0, 0, 0] = torch.inf
        self.find_nonfinite += 1


def finite(gan):
    return all(bool(x.isfinite().all()) for x in gan.state_dict().values())


def rates(run):
    return [o.param_groups[0]["lr"] for o in run.optimizers]


def test_it_goes_on_from_the_last_finite_state_and_says_so(tmp_path_factory, subtests):
    for k in [1, 2]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            back = callbacks.NonFiniteRecovery(callbacks.RollbackOnCollapse(limit=3, slower=0.5))
            run = trainer(
                tmp_path, max_steps=9, log_every_n_steps=3, callbacks=[Poison(4 * k), back]
            )
            gan = make_model(k=k)
            said = r"loss became nan at step 5. Back to step 3, with 0.5 of the config's learning rate for G"
            with pytest.warns(UserWarning, match=said):
                run.fit(gan, Batches(40))
            assert gan.g_updates == run.global_step == 9
            assert finite(gan)
            assert back.response.returns == 1
            assert rates(run) == pytest.approx([0.05, 0.025])


def test_it_gives_up_and_the_game_names_the_loss(tmp_path):
    back = callbacks.NonFiniteRecovery(callbacks.RollbackOnCollapse(limit=2, slower=0.5))
    every = Poison(*range(4, 100))
    keeps = callbacks.Checkpoints(every_n_steps=1)
    run = trainer(
        tmp_path, max_steps=9, log_every_n_steps=2, callbacks=[every, back, keeps], enable_checkpointing=True
    )  # fmt: skip
    with (
        pytest.warns(UserWarning, match="Back to step 4") as said,
        pytest.raises(NonFiniteLossError, match="at step 5") as caught,
    ):
        run.fit(make_model(), Batches(40))
    texts = {str(w.message) for w in said if "Back to step" in str(w.message)}
    assert len(texts) == 2  # equal ones would be shown once
    assert caught.value.__notes__[0] == "All 2 returns were used up."
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert all(bool(x.isfinite().all()) for x in last["state_dict"].values())


def test_where_nothing_is_wrong_it_changes_nothing(tmp_path):
    states = []
    for watching in ([], [callbacks.NonFiniteRecovery()]):
        gan = make_model()
        trainer(tmp_path, max_steps=6, log_every_n_steps=2, callbacks=watching).fit(gan, Batches(4))
        states.append(gan.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=0)


def test_the_overlay_names_it():
    text = yaml.safe_load((CONFIGS / "callbacks" / "recovery.yaml").read_text())
    (asked,) = text["trainer"]["callbacks+"]
    made = callbacks.RollbackOnCollapse(**asked["init_args"]["response"]["init_args"])
    assert (asked["class_path"], made.limit, made.slower) == ("NonFiniteRecovery", 3, 0.5)


def test_a_kill_at_the_bad_loss_leaves_the_last_good_checkpoint(tmp_path_factory, subtests):
    """Killed while the crash file is written, or not at all: what was saved before is whole and finite."""
    for when in ["crash", "nothing"]:
        with subtests.test(when=when):
            tmp_path = tmp_path_factory.mktemp("row")
            child = os.fork()
            if not child:  # no test runs here: it ends by a signal, or at once
                try:
                    right = os.replace

                    def replace(source, target):
                        if when in str(target):
                            os.kill(os.getpid(), signal.SIGKILL)
                        right(source, target)

                    atomic_files.os.replace = replace
                    run = trainer(
                        tmp_path, max_steps=9, log_every_n_steps=4, enable_checkpointing=True,
                        callbacks=[Poison(4), callbacks.FlightRecorder(), callbacks.Checkpoints(every_n_steps=1)],
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


def test_it_says_that_returns_are_used_up_where_they_are(subtests):
    for returns, notes in [(1, []), (2, ["All 2 returns were used up."])]:
        with subtests.test(returns=returns, notes=notes):
            back = callbacks.NonFiniteRecovery(callbacks.RollbackOnCollapse(limit=2))
            back.response.returns = returns
            error = NonFiniteLossError("generator", 3, float("nan"))
            back.on_exception(None, None, error)
            assert getattr(error, "__notes__", []) == notes
