"""`--override KEY=VALUE`: what it changes when a run is resumed, what stays, and what it refuses."""

import copy
import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from command import SMALL
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, StepLR

from lightning_gan.tracking import overrides
from lightning_gan.tracking.overrides import Override
from lightning_gan.training.optimizers import Constant, Goodfellow2014, LinearDecay

FIT = ("fit", "--config", "bare.yaml", "--checkpoint.every_n_steps", "4")
LAST = "runs/bare/version_0/checkpoints/last.ckpt"
SECTIONS = {
    "model": {
        "class_path": "lightning_gan.GAN",
        "init_args": {
            "k": 1,
            "ema_half_life": None,
            "d_optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 2e-4, "betas": [0.5, 0.999]}},
            "regularizers": [
                {"class_path": "lightning_gan.regularizers.R1", "init_args": {"gamma": 10.0, "every": 1}},
                {"class_path": "lightning_gan.regularizers.R2", "init_args": {"gamma": 10.0, "every": 1}},
            ],
        },
    },
    "data": {"class_path": "datamodules.MNIST", "init_args": {"batch_size": 10}},
    "trainer": {"max_steps": 100},
}  # fmt: skip


def made(scheduler, lr, steps):
    """An optimizer and its schedule after a number of updates."""
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = scheduler(optimizer)
    rates = go_on(optimizer, schedule, steps)
    return optimizer, schedule, rates


def go_on(optimizer, schedule, steps):
    rates = []
    for _ in range(steps):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_an_overridden_rate_goes_on_as_if_it_had_been_the_schedules_from_the_start(subtests):
    for scheduler in [
        Constant,
        lambda o: LinearDecay(o, total=10, start=0.2),
        lambda o: ExponentialLR(o, 0.9),
        lambda o: StepLR(o, 3),
        lambda o: CosineAnnealingLR(o, 10),
    ]:
        with subtests.test(scheduler=scheduler):
            optimizer, schedule, _ = made(scheduler, 0.1, 4)
            checkpoint = {
                "optimizer_states": [optimizer.state_dict()],
                "lr_schedulers": [schedule.state_dict()],
            }
            change = Override(4, "model.d_optimizer.lr", 0.1, 0.003, "")
            overrides.change_states(checkpoint, [change])
            resumed, again, _ = made(scheduler, 0.003, 0)
            resumed.load_state_dict(checkpoint["optimizer_states"][0])
            again.load_state_dict(checkpoint["lr_schedulers"][0])
            before, _, whole = made(scheduler, 0.003, 4)
            assert resumed.param_groups[0]["lr"] == pytest.approx(
                before.param_groups[0]["lr"], rel=1e-12
            )
            _, _, whole = made(scheduler, 0.003, 9)
            assert go_on(resumed, again, 5) == pytest.approx(whole[4:], rel=1e-12)


def test_other_arguments_of_optimizers_and_schedules_replace_the_stored_ones():
    optimizer = Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = LinearDecay(optimizer, total=10)
    optimizer.step()
    schedule.step()
    checkpoint = {
        "optimizer_states": [copy.deepcopy(optimizer.state_dict()) for _ in "dg"],
        "lr_schedulers": [copy.deepcopy(schedule.state_dict()) for _ in "dg"],
    }
    untouched = copy.deepcopy(checkpoint)
    changes = [
        Override(1, "model.g_optimizer.betas", [0.9, 0.999], [0.5, 0.9], ""),
        Override(1, "model.g_scheduler.total", 10, 40, ""),
        Override(1, "model.k", 1, 2, ""),
    ]
    overrides.change_states(checkpoint, changes)
    assert checkpoint["optimizer_states"][1]["param_groups"][0]["betas"] == (0.5, 0.9)
    assert checkpoint["lr_schedulers"][1]["total"] == 40
    for name in ("optimizer_states", "lr_schedulers"):
        assert checkpoint[name][0] == untouched[name][0]  # D's


def test_another_batch_size_makes_the_stored_place_in_the_data_meaningless():
    loop = {"combined_loader": [{"seed": 0, "epoch": 1, "position": 2}], "epoch_progress": 1}
    checkpoint = {"loops": {"fit_loop": {"state_dict": loop}}}
    overrides.change_states(checkpoint, [Override(7, "model.k", 1, 2, "")])
    assert "combined_loader" in loop
    overrides.change_states(checkpoint, [Override(7, "data.batch_size", 10, 5, "")])
    assert loop == {"epoch_progress": 1}


def test_a_floor_of_the_rate_is_that_of_the_schedule():
    def scheduler(o):
        return Goodfellow2014(o, updates_per_epoch=5, decay=2.0, min_lr=1e-3)

    optimizer, schedule, _ = made(scheduler, 0.1, 3)
    checkpoint = {"optimizer_states": [optimizer.state_dict()], "lr_schedulers": [schedule.state_dict()]}  # fmt: skip
    overrides.change_states(checkpoint, [Override(3, "model.d_optimizer.lr", 0.1, 0.01, "")])
    optimizer.load_state_dict(checkpoint["optimizer_states"][0])
    schedule.load_state_dict(checkpoint["lr_schedulers"][0])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01 / 8)
    assert go_on(optimizer, schedule, 1) == [1e-3]


def test_a_key_is_found_however_it_is_written(subtests):
    for text, key, value in [
        ("model.d_optimizer.lr=1e-5", "model.d_optimizer.lr", 1e-5),
        ("model.init_args.d_optimizer.init_args.lr=1", "model.d_optimizer.lr", 1.0),
        ("model.regularizers.R2.gamma=0.5", "model.regularizers.R2.gamma", 0.5),
        ("model.regularizers.1.gamma=0.5", "model.regularizers.R2.gamma", 0.5),
        ("model.d_optimizer.betas=[0.1, 0.2]", "model.d_optimizer.betas", [0.1, 0.2]),
        ("model.ema_half_life=100", "model.ema_half_life", 100),
        ("data.batch_size=5", "data.batch_size", 5),
    ]:
        with subtests.test(text=text, key=key, value=value):
            sections = copy.deepcopy(SECTIONS)
            (change,) = overrides.apply_overrides(overrides.parse_override([text]), sections, 7)
            assert (change.key, change.new, change.step) == (key, value, 7)
            assert type(change.new) is type(value)
            assert (
                overrides.apply_overrides(overrides.parse_override([text]), sections, 8) == []
            )  # in force already
            assert overrides.restore_original_values(sections, [change]) == SECTIONS


def test_what_an_override_cannot_change_is_said(subtests):
    for text, said in [
        ("model.d_optimzer.lr=1", "Did you mean 'model.d_optimizer.lr'"),
        ("model.regularizers.R3.gamma=1", "Did you mean 'model.regularizers.R"),
        ("data.z=1", "Available: data.batch_size"),
        ("model.d_optimizer.lr=fast", "the setting is the number 0.0002; give a number"),
        ("model.k=true", "the setting is the number 1; give a number"),
        (
            "model.d_optimizer=torch.optim.SGD",
            "changes numbers, text and lists of them, not a class",
        ),
        ("model.ema_half_life={a: 1}", "not a class"),
        ("model.k", "give KEY=VALUE"),
        ("model.k=", "give KEY=VALUE"),
        ("model.k=[", "is not YAML"),
        ("seed_everything=1", "the checkpoint fixes the random states"),
        ("data.init_args.seed=1", "the checkpoint fixes the order of the training batches"),
        (
            "run.name=other",
            "only settings under model, data, trainer, checkpoint can be overridden",
        ),
    ]:
        with subtests.test(text=text, said=said):
            with pytest.raises(ValueError, match=re.escape(said)):
                overrides.apply_overrides(
                    overrides.parse_override([text]), copy.deepcopy(SECTIONS), 1
                )


@pytest.fixture
def bare(command):
    """Runs of eight steps without callbacks; five minibatches are an epoch."""
    short = SMALL["trainer"] | {"callbacks": [], "max_steps": 8}
    command.write("bare.yaml", SMALL | {"trainer": short})
    return command


def state_of(run):
    content = torch.load(f"runs/{run}/version_0/checkpoints/last.ckpt", weights_only=True)
    return {name: content[name] for name in ("state_dict", "optimizer_states", "lr_schedulers", "counts")}  # fmt: skip


def contents():
    """All files of all runs, but for who holds them."""
    files = [p for p in Path("runs").rglob("*") if p.is_file() and p.name != ".writer"]
    return {path: path.read_bytes() for path in files}


NEW = ("model.d_optimizer.lr=1e-5", "data.batch_size=5", "trainer.max_steps=16", "model.k=2")


def test_a_run_overridden_and_stopped_again_is_the_run_overridden_and_not_stopped(bare):
    new = [word for text in NEW[:3] for word in ("--override", text)]
    for name in ("whole", "again", "kept"):
        ended = bare(*FIT, "--run.name", name, "--trainer.max_steps", "7")
        assert ended.status == 0, ended.err
    ended = bare(*FIT, "--run.name", "whole", "--ckpt_path", "last", *new)
    assert ended.status == 0, ended.err
    assert "trainer.max_steps was overridden: 8 at first, 16 from step 7" in ended.out
    assert "last.ckpt --override trainer.max_steps=32" in ended.out
    for name, further in (("again", new), ("kept", [])):
        last = ("--run.name", name, "--ckpt_path", "last")
        for steps in ("10", "15", "16"):  # the epoch that began with five minibatches ends at 15
            more = () if steps == "10" else further
            stop = ("--override", f"trainer.max_steps={steps}")
            ended = bare(*FIT, *last, *(new if steps == "10" else more), *stop)
            assert ended.status == 0, ended.err
    for name in ("again", "kept"):
        torch.testing.assert_close(state_of(name), state_of("whole"), rtol=0, atol=0)
    whole = state_of("whole")
    assert whole["optimizer_states"][0]["param_groups"][0]["lr"] == 1e-5
    assert whole["counts"] == {"d_updates": 16, "g_updates": 16, "images_seen": 115}


def test_an_override_is_written_down_and_the_config_stays_as_the_run_began(bare):
    bare(*FIT)
    folder = Path("runs/bare/version_0")
    began = yaml.safe_load((folder / "config.yaml").read_text())
    new = [word for text in NEW for word in ("--override", text)]
    assert bare("fit", "--ckpt_path", LAST, *new).status == 0
    assert [p.name for p in Path("runs/bare").iterdir()] == ["version_0"]
    assert yaml.safe_load((folder / "config.yaml").read_text())["data"] == began["data"]
    assert yaml.safe_load((folder / "config.yaml").read_text())["trainer"]["max_steps"] == 8
    kept = json.loads((folder / "run.json").read_text())["overrides"]
    assert [(o["step"], o["key"], o["old"], o["new"]) for o in kept] == [
        (8, "model.d_optimizer.lr", 2e-4, 1e-5),  # the config names a function; its rate is known
        (8, "data.batch_size", 10, 5),
        (8, "trainer.max_steps", 8, 16),
        (8, "model.k", 1, 2),
    ]
    page = re.sub(r"<td [^>]*>", "<td>", (folder / "report.html").read_text())
    assert "Changed while it ran" in page
    assert "<code>model.d_optimizer.lr</code></td><td>0.0002</td><td>1e-05</td>" in page
    ended = bare("fit", "--ckpt_path", LAST, "--trainer.max_steps", "20")
    assert ended.status == 1
    assert "is at step 16 already: give --override trainer.max_steps=N, N above 16" in ended.err
    Path(LAST).rename("moved.ckpt")  # what is in force goes with the file
    further = ("--ckpt_path", "moved.ckpt", "--override", "trainer.max_steps=17")
    ended = bare(*FIT, "--run.name", "moved", *further)
    assert ended.status == 0, ended.err
    moved = json.loads(Path("runs/moved/version_0/run.json").read_text())["overrides"]
    assert moved[:4] == kept
    assert len(moved) == 5


def test_an_override_that_the_run_cannot_take_changes_nothing(bare, subtests):
    for text, said in [
        (
            "model.generator.widths=[9]",
            "last.ckpt does not fit these networks: generator.hidden.0.weight is [8, 4]",
        ),
        ("data.batch_size=0", "batch_size is 0"),
        ("model.d_clip=abc", "'d_clip' must be a number; got 'abc'"),
    ]:
        with subtests.test(text=text, said=said):
            bare(*FIT, "--trainer.max_steps", "1")
            before = contents()
            ended = bare(*FIT, "--ckpt_path", "last", "--override", text)
            assert ended.status != 0
            assert said in ended.err
            assert contents() == before


def test_auto_with_an_override_can_be_typed_again(bare):
    line = (*FIT, "--ckpt_path", "auto", "--override", "model.k=2", "--trainer.max_steps")
    for steps in ("2", "4"):
        ended = bare(*line, steps)
        assert ended.status == 0, ended.err
    assert json.loads(Path("runs/bare/version_0/run.json").read_text())["overrides"] == []
    assert torch.load(LAST, weights_only=True)["counts"]["d_updates"] == 8


def test_an_override_without_a_run_to_change_is_refused(bare, subtests):
    for line, said in [
        (FIT, "--override changes a run that is resumed: give --ckpt_path as well"),
        (("validate", "--config", "bare.yaml", "--ckpt_path", "x"), "leave it out"),
    ]:
        with subtests.test(line=line, said=said):
            ended = bare(*line, "--override", "model.k=2")
            assert ended.status == 1
            assert said in ended.err
