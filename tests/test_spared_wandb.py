"""W&B's service may end before its run: SLURM tells all processes of a job that time is up."""

import sys
import threading
import time
from types import SimpleNamespace

import pytest
from pytorch_lightning.loggers import WandbLogger

from lightning_gan.tracking.loggers import TolerantWandbLogger, finish_wandb


@pytest.mark.parametrize("what", ["log_metrics", "log_image"])
def test_a_service_that_is_gone_is_told_of_once_and_the_run_goes_on(what, monkeypatch, capsys):
    asked = []

    def gone(self, *args, **kwargs):
        asked.append(args)
        raise ConnectionResetError("Connection lost")

    monkeypatch.setattr(WandbLogger, what, gone)
    logger = TolerantWandbLogger(experiment=object())
    for step in range(3):
        getattr(logger, what)("key", [step])
    assert len(asked) == 1
    assert capsys.readouterr().out.count("the service has ended (Connection lost)") == 1


def test_other_errors_of_a_logger_are_bugs_and_are_seen(monkeypatch):
    def bug(self, *args, **kwargs):
        raise TypeError("no such thing")

    monkeypatch.setattr(WandbLogger, "log_metrics", bug)
    with pytest.raises(TypeError):
        TolerantWandbLogger(experiment=object()).log_metrics({})


def test_the_end_of_a_w_and_b_run_is_not_waited_for_for_ever(monkeypatch):
    released, ended = threading.Event(), []

    def slow():
        released.wait(60)
        ended.append("slow")

    def quick():
        time.sleep(0.05)
        ended.append("quick")

    made = SimpleNamespace(run=object(), finish=slow)
    monkeypatch.setitem(sys.modules, "wandb", made)
    finish_wandb(seconds=0.05)
    assert ended == []  # left behind
    made.finish = quick
    finish_wandb(seconds=60)
    assert ended == ["quick"]  # waited for
    released.set()
    made.run, made.finish = None, None
    finish_wandb()
