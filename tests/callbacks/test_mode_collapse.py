"""ModeCollapseMonitor detects collapse without changing training, and applies its response."""

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


class ScriptedMonitor(callbacks.ModeCollapseMonitor):
    """Monitor whose evaluations of the given indices exceed the limits."""

    def __init__(self, bad=(), **arguments):
        each = {"every_n_steps": 1, "num": 4, "start": 0, "patience": 1, "jacobian_points": 0}
        super().__init__(**(each | arguments))
        self.script = [BAD if i in bad else FINE for i in range(100)]

    def compute_indicators(self, trainer, pl_module):
        indicators = self.script.pop(0)
        values = indicators._asdict().items()
        return indicators, {f"collapse/{name}": value for name, value in values}


def make_monitor(**arguments):
    return callbacks.ModeCollapseMonitor(every_n_steps=2, num=6, jacobian_points=2, **arguments)


def train(tmp_path, *monitors, steps=6, logger=False, gan=None, **arguments):
    gan = gan or make_model(ema_half_life=9.0, **arguments)
    torch.manual_seed(0)
    run = trainer(tmp_path, max_steps=steps, callbacks=list(monitors), logger=logger)
    run.fit(gan, datamodule=Pixels(n=100))
    return gan, run


def test_monitoring_does_not_change_training(tmp_path_factory, subtests):
    for kind in [{"k": 1}, {"k": 3}, {"kind": SimultaneousGAN}]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            monitor = make_monitor(start=1000)
            without, _ = train(tmp_path, **kind)
            with_it, run = train(tmp_path, monitor, **kind)
            torch.testing.assert_close(with_it.state_dict(), without.state_dict(), rtol=0, atol=0)
            for one, other in zip(run.optimizers, without.trainer.optimizers, strict=True):
                torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)
            assert [step for step, _ in monitor.history] == [2, 4, 6]
            assert with_it.generator.training


def test_g_itself_is_compared_with_training_images_and_not_its_average(tmp_path):
    monitor = make_monitor(seed=3)
    gan, _ = train(tmp_path, monitor)
    x = Pixels(n=100).images("train")
    chosen = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(3))[:6]]
    z = gan.sample_inputs(6, torch.Generator().manual_seed(3))
    expected = callbacks.mode_collapse.CollapseReference(chosen).indicators(
        gan.generator.eval()(z).detach()
    )
    assert monitor.history[-1] == (6, expected)


def test_few_images_are_compared_with_as_few_samples(tmp_path):
    monitor = callbacks.ModeCollapseMonitor(every_n_steps=2, num=50, jacobian_points=2)
    gan = make_model()
    trainer(tmp_path, max_steps=2, callbacks=[monitor]).fit(gan, datamodule=Pixels(n=4, m=2))
    z = gan.sample_inputs(8, torch.Generator().manual_seed(0))
    reference = callbacks.mode_collapse.CollapseReference(Pixels(n=4, m=2).images("train"))
    expected = reference.indicators(gan.generator.eval()(z).detach())
    assert monitor.history[0][1] == pytest.approx(expected, rel=1e-5)


def read_rows(logger):
    with open(f"{logger.log_dir}/metrics.csv") as file:
        return [row for row in csv.DictReader(file) if row["collapse/alarms"]]


def test_values_are_logged_at_the_step_of_the_evaluation(tmp_path):
    logger = CSVLogger(tmp_path, name="")
    with pytest.warns(UserWarning, match="G has collapsed at step 6: near-duplicate pairs are"):
        train(tmp_path, ScriptedMonitor(bad=[2], every_n_steps=2), logger=logger)
    keys = ("step", "collapse/alarms", "collapse/distance_ratio")
    rows = [[float(row[key]) for key in keys] for row in read_rows(logger)]
    assert rows == [[2, 0, 1], [4, 0, 1], [6, 1, 0.01]]
    monitor, logger = make_monitor(), CSVLogger(tmp_path / "real", name="")
    train(tmp_path, monitor, logger=logger)
    row = read_rows(logger)[0]
    assert 1 <= float(row["collapse/jacobian_rank"]) <= 3  # z_dim is 3
    assert float(row["collapse/rank_ratio"]) == monitor.history[0][1].rank_ratio


def test_an_alarm_needs_patience_and_comes_once_for_each_collapse(tmp_path):
    monitor = ScriptedMonitor(bad=[0, 2, 3, 4, 5, 7, 8], patience=2, start=3)
    with pytest.warns(UserWarning, match="G has collapsed at step [49]") as warned:
        train(tmp_path, monitor, steps=10)
    assert monitor.alarms == [4, 9]
    assert len([w for w in warned if "collapsed" in str(w.message)]) == 2
    assert monitor.rows("test")[0][:2] == ("collapse alarms", "2 (step 4, 9)")


def test_each_exceeded_limit_is_described_and_nan_exceeds_all():
    monitor = callbacks.ModeCollapseMonitor(most_duplicates=10, least_spread=0.5, least_rank=0.2)
    assert monitor.find_exceeded_limits(CollapseIndicators(10, 0.5, 0.2)) == []
    (text,) = monitor.find_exceeded_limits(CollapseIndicators(10.5, 0.5, 0.2))
    assert "10.5 times as frequent among samples as among real images (limit 10)" in text
    (text,) = monitor.find_exceeded_limits(CollapseIndicators(1, 0.4, 0.2))
    assert "mean distance of samples is 0.4" in text
    (text,) = monitor.find_exceeded_limits(CollapseIndicators(1, 1, 0.1))
    assert "effective rank" in text
    assert len(monitor.find_exceeded_limits(CollapseIndicators(*[float("nan")] * 3))) == 3


def test_stop_ends_the_run_with_its_checkpoint(tmp_path):
    keeps = callbacks.Checkpoints(every_n_steps=100)
    run = trainer(
        tmp_path, max_steps=10, enable_checkpointing=True,
        callbacks=[keeps, ScriptedMonitor(bad=[2], response=callbacks.StopOnCollapse())],
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Training stops"):
        run.fit(make_model(), datamodule=Pixels(n=100))
    assert run.global_step == 3
    assert (tmp_path / "checkpoints" / "step=3.ckpt").is_file()


def halving(optimizer):
    return StepLR(optimizer, step_size=4, gamma=0.5)


def get_state(gan, run):
    """Weights, optimizers, schedules and counts."""
    return {
        "module": gan.state_dict(),
        "optimizers": [o.state_dict()["state"] for o in run.optimizers],
        "epochs": [c.scheduler.last_epoch for c in run.lr_scheduler_configs],
        "counts": [gan.d_updates, gan.g_updates, gan.images_seen, run.global_step],
    }


def test_a_rollback_restores_the_whole_state(tmp_path_factory, subtests):
    for kind in [{"k": 1}, {"k": 2}, {"kind": SimultaneousGAN}]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            schedules = {"d_scheduler": halving, "g_scheduler": halving}
            expected = get_state(*train(tmp_path, steps=3, **kind, **schedules))
            response = callbacks.RollbackOnCollapse(limit=0)
            monitor = ScriptedMonitor(bad=[3, 4], patience=2, response=response)
            message = "Rolled back to step 3; the limit of 0 is exceeded: training stops"
            with pytest.warns(UserWarning, match=message):
                found = get_state(*train(tmp_path, monitor, **kind, **schedules))
            torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_rollback_keeps_the_number_of_steps_and_reduces_the_rate_of_g(tmp_path):
    response = callbacks.RollbackOnCollapse(limit=5, slower=0.1)
    monitor = ScriptedMonitor(bad=[3, 4, 7], response=response)
    message = r"with 0\.0*1 of the config's learning rate for G \(rollback \d of 5\)"
    with pytest.warns(UserWarning, match=message):
        gan, run = train(tmp_path, monitor, steps=6, d_scheduler=halving, g_scheduler=halving)
    # each rollback counts once, though two of them restore the same state
    assert [step for step, _ in monitor.history] == [1, 2, 3, 4, 4, 4, 5, 6, 6]
    assert gan.g_updates == run.global_step == 6
    d, g = (o.param_groups[0]["lr"] for o in run.optimizers)
    assert d == pytest.approx(0.05 * 0.5)  # the schedule at step 6
    assert g == pytest.approx(0.05 * 0.5 * 0.1**3)


def test_the_rate_is_reduced_in_a_schedule_that_computes_from_its_first_rate(tmp_path):
    monitor = ScriptedMonitor(bad=[1], response=callbacks.RollbackOnCollapse(slower=0.1))
    with pytest.warns(UserWarning, match="Rolled back to step 1"):
        _, run = train(tmp_path, monitor, steps=4)  # under Constant
    assert [o.param_groups[0]["lr"] for o in run.optimizers] == pytest.approx([0.05, 0.005])


def test_rollbacks_are_limited_and_the_last_state_is_healthy(tmp_path):
    response = callbacks.RollbackOnCollapse(limit=2)
    monitor = ScriptedMonitor(bad=range(2, 100), response=response)
    with pytest.warns(UserWarning, match="Rolled back to step 2"):
        _, run = train(tmp_path, monitor, steps=50)
    assert monitor.alarms == [3, 3, 3]
    assert run.global_step == 2


def test_a_step_that_is_reached_again_is_saved_again(tmp_path):
    keeps = callbacks.Checkpoints(every_n_steps=4)
    monitor = ScriptedMonitor(bad=[3], response=callbacks.RollbackOnCollapse(slower=1.0))
    run = trainer(tmp_path, max_steps=4, callbacks=[monitor, keeps], enable_checkpointing=True)
    gan = make_model()
    with pytest.warns(UserWarning, match="Rolled back to step 3"):
        run.fit(gan, datamodule=Pixels(n=100))
    saved = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    torch.testing.assert_close(saved["state_dict"], gan.state_dict(), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:.*has collapsed")
@pytest.mark.parametrize("stop", [4, 7])  # after one exceeded limit; after the rollback
def test_a_resumed_run_rolls_back_as_an_uninterrupted_run(stop, tmp_path):
    script = [FINE] * 3 + [BAD] * 3 + [FINE] * 20

    def run(steps, folder, evaluated=0, ckpt_path=None, seed=0):
        monitor = ScriptedMonitor(patience=2, response=callbacks.RollbackOnCollapse())
        monitor.script = script[evaluated:]
        keeps = [callbacks.Checkpoints(every_n_steps=1), callbacks.RNGState(), monitor]
        gan = make_model(ema_half_life=9.0)
        torch.manual_seed(seed)
        run = trainer(folder, max_steps=steps, callbacks=keeps, enable_checkpointing=True)
        run.fit(gan, datamodule=Pixels(n=1), ckpt_path=ckpt_path)  # every epoch is one minibatch
        return gan.state_dict(), monitor

    expected, uninterrupted = run(9, tmp_path / "whole")
    _, before = run(stop, tmp_path / "part")
    last = tmp_path / "part" / "checkpoints" / "last.ckpt"
    resumed, after = run(9, tmp_path / "again", len(before.history), last, seed=99)
    torch.testing.assert_close(resumed, expected, rtol=0, atol=0)
    assert after.alarms == uninterrupted.alarms == [5]
    assert after.history == uninterrupted.history
    assert after.response.rollbacks == 1


def test_invalid_settings_are_errors(subtests):
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


def test_a_trainer_without_a_data_module_is_an_error(tmp_path):
    run = trainer(tmp_path, max_steps=2, callbacks=[make_monitor()])
    with pytest.raises(ValueError, match="has no data module with images"):
        run.fit(make_model(), Pixels().batches)


def test_the_overlay_monitors_any_experiment(command):
    text = yaml.safe_load((CONFIGS / "callbacks" / "mode_collapse.yaml").read_text())
    text["trainer"]["callbacks+"][0]["init_args"] |= {
        "every_n_steps": 2, "start": 2, "patience": 1, "num": 10, "jacobian_points": 2, "least_spread": 1e9,
    }  # fmt: skip
    command.write("watch.yaml", text)
    assert find_config("callbacks/mode_collapse.yaml")
    with pytest.warns(UserWarning, match="Rolled back to step 0"):
        ended = command("fit", "--config", "small.yaml", "--config", "watch.yaml")
    assert ended.status == 0, ended.err
    row = next(line for line in ended.out.splitlines() if line.startswith("collapse alarms"))
    assert row.split()[2:7] == ["4", "(step", "2,", "2,", "2,"]


@pytest.mark.slow
def test_two_processes_evaluate_and_roll_back_together(command):
    arguments = {
        "every_n_steps": 2,
        "start": 2,
        "patience": 1,
        "num": 10,
        "jacobian_points": 2,
        "least_spread": 1e9,
    }
    response = {"class_path": "callbacks.RollbackOnCollapse", "init_args": {"limit": 2}}
    monitor = {"class_path": "ModeCollapseMonitor", "init_args": arguments | {"response": response}}
    command.write("watch.yaml", {"trainer": {"callbacks+": [monitor], "devices": 2}})
    script = Path("run_two.py")
    script.write_text(TWO)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stderr.count("Rolled back to step 0") == 3  # printed on rank 0 only
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
