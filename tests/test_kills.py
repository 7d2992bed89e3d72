"""A run that is killed and restarted by the same command ends bit for bit as an uninterrupted one."""

import copy
import json
import os
import random
import signal
from pathlib import Path

import pytest
import torch
from command import SMALL
from drill import Moment, live, noting_steps
from stopping import parts

from lightning_gan import GAN

EVERY = 3  # steps between two checkpoints
SIGNALS = [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]


@pytest.fixture
def small(command):
    """Experiment of ten steps with k = 2: metrics and validation every two steps, a checkpoint every three."""
    config = copy.deepcopy(SMALL)
    config["model"]["init_args"]["k"] = 2
    config["trainer"] |= {
        "check_val_every_n_epoch": None,
        "val_check_interval": 4,
        "log_every_n_steps": 2,
    }
    config["trainer"]["callbacks"] = config["trainer"]["callbacks"][:2]
    config["checkpoint"] = {"every_n_steps": EVERY}
    command.write("drill.yaml", config)
    return ("fit", "--config", "drill.yaml", "--ckpt_path", "auto", "--run.name")


def result(name):
    """Return files, curves, scores, images and the state of the last checkpoint of a run."""
    folder = max(Path("runs", name).iterdir(), key=lambda path: int(path.name.split("_")[1]))
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    last["hyper_parameters"] = {}
    scores = json.loads(files["scores.json"].read_text())
    image_bytes = {n: p.read_bytes() for n, p in files.items() if n.endswith((".png", ".gif"))}
    return {
        "files": sorted(files), "curves": files["metrics.csv"].read_text(), "images": image_bytes,
        "scores": [(s["stage"], s["step"], s["name"], s["value"]) for s in scores], "state": parts(last),
    }  # fmt: skip


def steps(path):
    """Return the steps that a process started, in order."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def drill(small, kills, seed):
    """Kill runs at random moments and compare each result with an uninterrupted run's.

    Returns:
        Number of runs, and number of steps that were repeated.
    """
    counted = Moment()

    def count():
        Path("counted").write_text(f"{counted.called} {counted.written}")

    assert live(*small, "whole", before=counted.arm, after=count).status == 0
    calls, pieces = map(int, Path("counted").read_text().split())
    whole, rng, runs, again = result("whole"), random.Random(seed), 0, 0
    while kills > 0:
        name, runs = f"run{runs}", runs + 1
        reached, lives, status = 0, 0, 128 + signal.SIGKILL
        while status == 128 + signal.SIGKILL:
            in_a_save = {"pieces": rng.randint(1, pieces)}
            anywhere = {"calls": rng.randint(1, calls)}
            moment = Moment(**(in_a_save if rng.random() < 0.4 else anywhere) if kills > 0 else {})
            notes, lives = Path(f"{name}.{lives}"), lives + 1
            status, out = live(
                *small, name, before=lambda n=notes, m=moment: (noting_steps(n), m.arm())
            )
            began = steps(notes)
            if began and reached:
                assert reached - began[0] <= EVERY
                again += reached - began[0] + 1
            reached = max([reached, *began])
            kills -= status == 128 + signal.SIGKILL
        assert status == 0, out
        made = result(name)
        for part in whole:
            assert made[part] == whole[part], (name, part)
    return runs, again


@pytest.mark.slow
def test_a_run_killed_twice_equals_an_uninterrupted_run(small):
    drill(small, kills=2, seed=1)


@pytest.mark.slow
def test_a_run_killed_fifty_times_equals_an_uninterrupted_run(small):
    runs, repeated = drill(small, kills=50, seed=2)
    print(f"50 kills in {runs} runs; {repeated} steps were repeated")


def sends(*numbers, at):
    """Return a function that makes a process send signals to itself during a step."""

    def begin():
        objective, sent = GAN.g_objective, []

        def interrupted(self, batch):
            if self.g_updates == at and not sent:
                for number in numbers:
                    sent.append(number)
                    os.kill(os.getpid(), number)
            return objective(self, batch)

        GAN.g_objective = interrupted

    return begin


@pytest.mark.parametrize("number", SIGNALS, ids=["Ctrl-C", "SIGTERM"])
def test_a_run_resumed_after_a_signal_equals_an_uninterrupted_run(number, small):
    assert live(*small, "whole").status == 0
    stopped = live(*small, "stopped", before=sends(number, at=4))
    assert stopped.status == 128 + number
    folder = "runs/stopped/version_0"
    assert "test/parzen_nats" in stopped.out
    assert f"fit --ckpt_path {folder}/checkpoints/last.ckpt" in stopped.out
    assert Path(folder, "images/samples/step_0000005.png").exists()
    saved = torch.load(f"{folder}/checkpoints/last.ckpt", weights_only=True)
    assert saved["counts"] == {"d_updates": 10, "g_updates": 5, "images_seen": 100}
    resumed = live("fit", "--ckpt_path", f"{folder}/checkpoints/last.ckpt")
    assert resumed.status == 0, resumed.out
    whole, again = result("whole"), result("stopped")
    for part in ("curves", "scores", "state"):
        assert again[part] == whole[part], part


@pytest.mark.parametrize("number", SIGNALS, ids=["Ctrl-C", "SIGTERM"])
def test_a_second_signal_ends_the_run_at_once(number, small):
    ended = live(*small, "twice", before=sends(number, number, at=4))
    assert ended.status == 128 + number
    assert "send it again to exit now" in ended.out
    assert "test/parzen_nats" not in ended.out
    saved = torch.load("runs/twice/version_0/checkpoints/last.ckpt", weights_only=True)
    assert saved["counts"]["g_updates"] == EVERY  # the last that was due
