"""Schedulers against their formulas, and their steps in training."""

from pathlib import Path

import pytest
import torch
from model_factory import Batches, make_model, trainer
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import LRScheduler

from lightning_gan.training.optimizers import Constant, DCGANAdam, Goodfellow2014, LinearDecay


def sgd(params):
    return SGD(params, lr=0.1, momentum=0.5)


def optimizer(lr=0.1):
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.5)


def run_scheduler(schedule: LRScheduler, updates: int) -> dict:
    for _ in range(updates):
        schedule.optimizer.step()
        schedule.step()
    return schedule.optimizer.param_groups[0]


def test_goodfellow2014_rate_and_momentum_follow_their_formulas(subtests):
    for t in [0, 1, 1000, 4 * 500, 249 * 500, 260 * 500]:
        with subtests.test(t=t):
            opt = optimizer()
            schedule = Goodfellow2014(opt)
            schedule.last_epoch = t - 1  # as after t - 1 updates
            if t:
                run_scheduler(schedule, 1)
            group, epoch = opt.param_groups[0], t // 500 + 1
            assert group["lr"] == pytest.approx(0.1 / 1.000004**t, rel=1e-12)
            assert group["momentum"] == pytest.approx(
                0.5 + 0.2 * min((epoch - 1) / 249, 1), rel=1e-12
            )


def test_goodfellow2014_rate_has_a_minimum():
    opt = optimizer(lr=1.01e-6)
    assert run_scheduler(Goodfellow2014(opt), 5000)["lr"] == 1e-6


def test_goodfellow2014_momentum_changes_between_epochs():
    opt = optimizer()
    schedule = Goodfellow2014(opt, updates_per_epoch=3, saturate=5)
    momenta = [run_scheduler(schedule, 1)["momentum"] for _ in range(18)]
    assert momenta[:5] == pytest.approx([0.5, 0.5, 0.55, 0.55, 0.55])
    assert momenta[11:] == pytest.approx([0.7] * 7)


def test_goodfellow2014_needs_sgd():
    adam = Adam([torch.nn.Parameter(torch.zeros(1))])
    with pytest.raises(ValueError, match=r"optimizer is Adam: give torch\.optim\.SGD"):
        Goodfellow2014(adam)


def test_linear_decay_is_constant_then_linear_to_zero():
    opt = optimizer()
    schedule = LinearDecay(opt, total=10, start=0.5)
    rates = [opt.param_groups[0]["lr"]] + [run_scheduler(schedule, 1)["lr"] for _ in range(11)]
    assert rates == pytest.approx([0.1] * 6 + [0.08, 0.06, 0.04, 0.02, 0, 0])


def test_constant_is_constant():
    assert run_scheduler(Constant(optimizer()), 7)["lr"] == 0.1


def two_lines(opt):
    return LinearDecay(opt, total=4, start=0.0)


def test_schedulers_step_with_the_updates_of_their_network(tmp_path):
    gan = make_model(
        k=2, d_optimizer=sgd, g_optimizer=sgd, d_scheduler=two_lines, g_scheduler=two_lines
    )
    run = trainer(tmp_path, max_steps=1)
    run.fit(gan, Batches(4))
    d, g = run.optimizers
    assert d.param_groups[0]["lr"] == pytest.approx(0.05)  # two updates of four
    assert g.param_groups[0]["lr"] == pytest.approx(0.075)  # one


def test_schedules_are_in_the_checkpoint(tmp_path):
    gan = make_model(g_optimizer=sgd, g_scheduler=two_lines)
    run = trainer(tmp_path, max_steps=2)
    run.fit(gan, Batches(4))
    run.save_checkpoint(tmp_path / "x.ckpt")
    again = make_model(g_optimizer=sgd, g_scheduler=two_lines)
    run = trainer(tmp_path, max_steps=3)
    run.fit(again, Batches(4), ckpt_path=tmp_path / "x.ckpt")
    assert run.optimizers[1].param_groups[0]["lr"] == pytest.approx(0.025)


def test_dcgan_adam_has_the_published_settings():
    group = DCGANAdam([torch.nn.Parameter(torch.zeros(1))]).param_groups[0]
    assert (group["lr"], group["betas"]) == (2e-4, (0.5, 0.999))


def test_fused_optimizers_train_with_clipping(command):
    asked = []
    for network in "dg":
        name = f"--model.{network}_optimizer"
        asked += [name, "torch.optim.Adam", f"{name}.lr", "1e-3", f"{name}.fused", "true"]
        asked += [f"--model.{network}_clip", "0.1"]
    ended = command("fit", "--config", "small.yaml", "--trainer.callbacks", "[]", *asked)
    assert ended.status == 0, ended.err
    (last,) = Path("runs").rglob("last.ckpt")
    of_d, of_g = torch.load(last, weights_only=True)["optimizer_states"]
    assert all(state["param_groups"][0]["fused"] is True for state in (of_d, of_g))
    assert all(float(s["step"]) == 10 for state in (of_d, of_g) for s in state["state"].values())


def test_fused_adam_equals_adam_up_to_rounding():
    moved = []
    for fused in (False, True):
        torch.manual_seed(0)
        p = torch.nn.Parameter(torch.randn(50))
        rule = torch.optim.Adam([p], lr=1e-2, betas=(0.5, 0.99), fused=fused)
        for _ in range(20):
            rule.zero_grad()
            p.sin().sum().backward()
            rule.step()
        moved.append(p.detach())
    torch.testing.assert_close(*moved, rtol=1e-6, atol=1e-7)
