"""Helvetica: it looks without touching, sees a collapse, and does about it what it was told."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from model_factory import Pixels, make_model, trainer
from pytorch_lightning.loggers import CSVLogger
from torch.optim.lr_scheduler import StepLR

import callbacks
from lightning_gan.metrics.collapse import CollapseIndicators
from lightning_gan.models import SimultaneousGAN
from lightning_gan.utils.config_files import CONFIGS, find_config

FINE, BAD = CollapseIndicators(1.0, 1.0, 1.0), CollapseIndicators(5000.0, 0.01, 0.5)


class Message(callbacks.ModeCollapseMonitor):
    """Sees what it is told to see: bad looks at these, in the order of looks."""

    def __init__(self, bad=(), **arguments):
        each = {"every_n_steps": 1, "num": 4, "start": 0, "patience": 1, "jacobian_points": 0}
        super().__init__(**(each | arguments))
        self.encode_condition = [BAD if i in bad else FINE for i in range(100)]

    def indicators(self, trainer, pl_module):
        seen = self.encode_condition.pop(0)
        return seen, {f"collapse/{name}": value for name, value in seen._asdict().items()}


def looking(**arguments):
    return callbacks.ModeCollapseMonitor(every_n_steps=2, num=6, jacobian_points=2, **arguments)


def played(tmp_path, *watching, steps=6, logger=False, gan=None, **arguments):
    gan = gan or make_model(ema_half_life=9.0, **arguments)
    torch.manual_seed(0)
    run = trainer(tmp_path, max_steps=steps, callbacks=list(watching), logger=logger)
    run.fit(gan, datamodule=Pixels(n=100))
    return gan, run


def test_evaluation_does_not_change_training(tmp_path_factory, subtests):
    for kind in [{"k": 1}, {"k": 3}, {"kind": SimultaneousGAN}]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            watching = looking(start=1000)
            without, _ = played(tmp_path, **kind)
            with_it, run = played(tmp_path, watching, **kind)
            torch.testing.assert_close(with_it.state_dict(), without.state_dict(), rtol=0, atol=0)
            for one, other in zip(run.optimizers, without.trainer.optimizers, strict=True):
                torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)
            assert [step for step, _ in watching.looks] == [2, 4, 6]
            assert with_it.generator.training


def test_g_itself_is_compared_with_training_examples_and_not_its_average(tmp_path):
    watching = looking(seed=3)
    gan, _ = played(tmp_path, watching)
    x = Pixels(n=100).images("train")
    some = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(3))[:6]]
    z = gan.noise(6, torch.Generator().manual_seed(3))
    expected = callbacks.mode_collapse.CollapseReference(some).indicators(
        gan.generator.eval()(z).detach()
    )
    step, seen = watching.looks[-1]
    assert (step, seen) == (6, expected)


def test_few_examples_are_compared_with_as_few_samples(tmp_path):
    watching = callbacks.ModeCollapseMonitor(every_n_steps=2, num=50, jacobian_points=2)
    gan = make_model()
    trainer(tmp_path, max_steps=2, callbacks=[watching]).fit(gan, datamodule=Pixels(n=4, m=2))
    z = gan.noise(8, torch.Generator().manual_seed(0))
    reference = callbacks.mode_collapse.CollapseReference(Pixels(n=4, m=2).images("train"))
    expected = reference.indicators(gan.generator.eval()(z).detach())
    assert watching.looks[0][1] == pytest.approx(expected, rel=1e-5)


def looks_in(logger):
    with open(f"{logger.log_dir}/metrics.csv") as file:
        return [row for row in csv.DictReader(file) if row["collapse/alarms"]]


def test_values_are_logged_at_the_step_of_the_look(tmp_path):
    logger = CSVLogger(tmp_path, name="")
    with pytest.warns(UserWarning, match="At step 6 G has collapsed: pairs of samples coincide"):
        played(tmp_path, Message(bad=[2], every_n_steps=2), logger=logger)
    keys = ("step", "collapse/alarms", "collapse/distance_ratio")
    rows = [[float(row[key]) for key in keys] for row in looks_in(logger)]
    assert rows == [[2, 0, 1], [4, 0, 1], [6, 1, 0.01]]
    watching, logger = looking(), CSVLogger(tmp_path / "real", name="")
    played(tmp_path, watching, logger=logger)
    row = looks_in(logger)[0]
    assert 1 <= float(row["collapse/jacobian_rank"]) <= 3  # z_dim is 3
    assert float(row["collapse/rank_ratio"]) == watching.looks[0][1].rank_ratio


def test_an_alarm_needs_patience_and_comes_once_for_each_collapse(tmp_path):
    watching = Message(bad=[0, 2, 3, 4, 5, 7, 8], patience=2, start=3)
    with pytest.warns(UserWarning, match="At step [49] G has collapsed") as said:
        played(tmp_path, watching, steps=10)
    assert watching.alarms == [4, 9]
    assert len([w for w in said if "collapsed" in str(w.message)]) == 2
    assert watching.rows("test")[0][:2] == ("collapse alarms", "2 (step 4, 9)")


def test_each_limit_is_named_by_who_is_beyond_it_and_nan_is_beyond_all():
    watching = callbacks.ModeCollapseMonitor(most_duplicates=10, least_spread=0.5, least_rank=0.2)
    assert watching.beyond(CollapseIndicators(10, 0.5, 0.2)) == []
    (said,) = watching.beyond(CollapseIndicators(10.5, 0.5, 0.2))
    assert "coincide 10.5 times as often as pairs of data (at most 10)" in said
    (said,) = watching.beyond(CollapseIndicators(1, 0.4, 0.2))
    assert "mean distance is 0.4" in said
    (said,) = watching.beyond(CollapseIndicators(1, 1, 0.1))
    assert "effective rank" in said
    assert len(watching.beyond(CollapseIndicators(*[float("nan")] * 3))) == 3


def test_stop_ends_the_run_with_its_checkpoint(tmp_path):
    keeps = callbacks.Checkpoints(every_n_steps=100)
    run = trainer(
        tmp_path, max_steps=10, enable_checkpointing=True,
        callbacks=[keeps, Message(bad=[2], response=callbacks.StopOnCollapse())],
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Training stops"):
        run.fit(make_model(), datamodule=Pixels(n=100))
    assert run.global_step == 3
    assert (tmp_path / "checkpoints" / "step=3.ckpt").is_file()


def halving(optimizer):
    return StepLR(optimizer, step_size=4, gamma=0.5)


def everything(gan, run):
    """All that is trained, scheduled and counted."""
    return {
        "module": gan.state_dict(),
        "optimizers": [o.state_dict()["state"] for o in run.optimizers],
        "epochs": [c.scheduler.last_epoch for c in run.lr_scheduler_configs],
        "counts": [gan.d_updates, gan.g_updates, gan.images_seen, run.global_step],
    }


def test_rolling_back_returns_everything(tmp_path_factory, subtests):
    for kind in [{"k": 1}, {"k": 2}, {"kind": SimultaneousGAN}]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            schedules = {"d_scheduler": halving, "g_scheduler": halving}
            whole = everything(*played(tmp_path, steps=3, **kind, **schedules))
            response = callbacks.RollbackOnCollapse(limit=0)
            with pytest.warns(
                UserWarning, match="Back to step 3, for the last time: training stops"
            ):
                found = everything(
                    *played(
                        tmp_path,
                        Message(bad=[3, 4], patience=2, response=response),
                        **kind,
                        **schedules,
                    )
                )
            torch.testing.assert_close(found, whole, rtol=0, atol=0)


def test_after_a_return_the_run_has_its_length_and_g_is_slower(tmp_path):
    watching = Message(bad=[3, 4, 7], response=callbacks.RollbackOnCollapse(limit=5, slower=0.1))
    with pytest.warns(
        UserWarning, match=r"with 0\.0*1 of the config's learning rate for G \(return \d of 5\)"
    ):
        gan, run = played(tmp_path, watching, steps=6, d_scheduler=halving, g_scheduler=halving)
    # each return counts once, though two of them go back to the same state
    assert [step for step, _ in watching.looks] == [1, 2, 3, 4, 4, 4, 5, 6, 6]
    assert gan.g_updates == run.global_step == 6
    d, g = (o.param_groups[0]["lr"] for o in run.optimizers)
    assert d == pytest.approx(0.05 * 0.5)  # its schedule's, at step 6
    assert g == pytest.approx(0.05 * 0.5 * 0.1**3)


def test_a_schedule_that_computes_from_its_first_rate_is_slower_too(tmp_path):
    watching = Message(bad=[1], response=callbacks.RollbackOnCollapse(slower=0.1))
    with pytest.warns(UserWarning, match="Back to step 1"):
        _, run = played(tmp_path, watching, steps=4)  # under Constant
    assert [o.param_groups[0]["lr"] for o in run.optimizers] == pytest.approx([0.05, 0.005])


def test_returns_are_limited_and_the_end_is_healthy(tmp_path):
    watching = Message(bad=range(2, 100), response=callbacks.RollbackOnCollapse(limit=2))
    with pytest.warns(UserWarning, match="Back to step 2"):
        _, run = played(tmp_path, watching, steps=50)
    assert watching.alarms == [3, 3, 3]
    assert run.global_step == 2


def test_a_step_that_is_reached_again_is_saved_again(tmp_path):
    keeps = callbacks.Checkpoints(every_n_steps=4)
    watching = Message(bad=[3], response=callbacks.RollbackOnCollapse(slower=1.0))
    run = trainer(tmp_path, max_steps=4, callbacks=[watching, keeps], enable_checkpointing=True)
    gan = make_model()
    with pytest.warns(UserWarning, match="Back to step 3"):
        run.fit(gan, datamodule=Pixels(n=100))
    saved = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    torch.testing.assert_close(saved["state_dict"], gan.state_dict(), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:.*has collapsed")
@pytest.mark.parametrize("stop", [4, 7])  # one bad look after the healthy state; after the return
def test_a_resumed_run_returns_as_the_run_that_was_never_stopped(stop, tmp_path):
    lines_told = [FINE] * 3 + [BAD] * 3 + [FINE] * 20

    def run(steps, folder, seen=0, ckpt_path=None, seed=0):
        watching = Message(patience=2, response=callbacks.RollbackOnCollapse())
        watching.encode_condition = lines_told[seen:]
        keeps = [callbacks.Checkpoints(every_n_steps=1), callbacks.RNGState(), watching]
        gan = make_model(ema_half_life=9.0)
        torch.manual_seed(seed)
        run = trainer(folder, max_steps=steps, callbacks=keeps, enable_checkpointing=True)
        run.fit(gan, datamodule=Pixels(n=1), ckpt_path=ckpt_path)  # one minibatch, again and again
        return gan.state_dict(), watching

    whole, watched = run(9, tmp_path / "whole")
    _, before = run(stop, tmp_path / "part")
    last = tmp_path / "part" / "checkpoints" / "last.ckpt"
    again, after = run(9, tmp_path / "again", len(before.looks), last, seed=99)
    torch.testing.assert_close(again, whole, rtol=0, atol=0)
    assert after.alarms == watched.alarms == [5]
    assert after.looks == watched.looks
    assert after.response.returns == 1


def test_impossible_settings_are_refused(subtests):
    for make, message in [
        (lambda: callbacks.ModeCollapseMonitor(every_n_steps=0), "every_n_steps is 0; give"),
        (lambda: callbacks.ModeCollapseMonitor(num=1), "num is 1; give"),
        (lambda: callbacks.ModeCollapseMonitor(num=8, jacobian_points=9), "jacobian_points is 9"),
        (lambda: callbacks.RollbackOnCollapse(limit=-1), "limit is -1; give"),
        (lambda: callbacks.RollbackOnCollapse(slower=0.0), r"slower is 0\.0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()


def test_without_data_there_is_nothing_to_compare_with(tmp_path):
    with pytest.raises(ValueError, match="has no data module that gives"):
        trainer(tmp_path, max_steps=2, callbacks=[looking()]).fit(make_model(), Pixels().batches)


def test_the_overlay_watches_any_experiment(command):
    text = yaml.safe_load((CONFIGS / "callbacks" / "mode_collapse.yaml").read_text())
    text["trainer"]["callbacks+"][0]["init_args"] |= {
        "every_n_steps": 2, "start": 2, "patience": 1, "num": 10, "jacobian_points": 2, "least_spread": 1e9,
    }  # fmt: skip
    command.write("watch.yaml", text)
    assert find_config("callbacks/mode_collapse.yaml")
    with pytest.warns(UserWarning, match="Back to step 0"):
        ended = command("fit", "--config", "small.yaml", "--config", "watch.yaml")
    assert ended.status == 0, ended.err
    row = next(line for line in ended.out.splitlines() if line.startswith("collapse alarms"))
    assert row.split()[2:7] == ["4", "(step", "2,", "2,", "2,"]


@pytest.mark.slow
def test_two_processes_look_decide_and_return_as_one(command):
    watching = {
        "every_n_steps": 2,
        "start": 2,
        "patience": 1,
        "num": 10,
        "jacobian_points": 2,
        "least_spread": 1e9,
    }
    watching["response"] = {"class_path": "callbacks.RollbackOnCollapse", "init_args": {"limit": 2}}
    watch = {
        "callbacks+": [{"class_path": "ModeCollapseMonitor", "init_args": watching}],
        "devices": 2,
    }
    command.write("watch.yaml", {"trainer": watch})
    script = Path("run_two.py")
    script.write_text(TWO)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stderr.count("Back to step 0") == 3  # the first process alone says so
    last = "runs/small+watch/version_0/checkpoints/last.ckpt"
    saved = torch.load(last, weights_only=True)
    assert saved["global_step"] == saved["counts"]["g_updates"] == 0
    assert saved["callbacks"]["ModeCollapseMonitor"]["alarms"] == [2, 2, 2]


TWO = f"""
import sys
from pathlib import Path

sys.path[:0] = [{str(Path(__file__).parents[1])!r}, {str(Path(__file__).parents[2])!r}]
from tiny import make_tiny_mnist

import datamodules
from lightning_gan.cli.main import main

tiny = make_tiny_mnist(Path("pixels"))
for name in ("files", "train_size", "sources"):
    setattr(datamodules.MNIST, name, getattr(tiny, name))
sys.argv[1:] = ["fit", "--config", "small.yaml", "--config", "watch.yaml"]
main()
"""
