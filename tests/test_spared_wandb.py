"""The W&B service may end before its run, because SLURM signals all processes of a job."""

import sys
import threading
import time
from types import SimpleNamespace

import pytest
from pytorch_lightning.loggers import WandbLogger

from lightning_gan.tracking.loggers import TolerantWandbLogger, finish_wandb


@pytest.mark.parametrize("what", ["log_metrics", "log_image"])
def test_an_ended_service_is_reported_once_without_an_error(what, monkeypatch, capsys):
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


def test_other_errors_of_a_logger_are_raised(monkeypatch):
    def bug(self, *args, **kwargs):
        raise TypeError("no such thing")

    monkeypatch.setattr(WandbLogger, "log_metrics", bug)
    with pytest.raises(TypeError):
        TolerantWandbLogger(experiment=object()).log_metrics({})


def test_finishing_a_wandb_run_has_a_time_limit(monkeypatch):
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
    assert ended == []  # the time limit is over
    made.finish = quick
    finish_wandb(seconds=60)
    assert ended == ["quick"]
    released.set()
    made.run, made.finish = None, None
    finish_wandb()
