"""Jobs of `python -m lightning_gan slurm` on a real SLURM cluster, with signals, kills and lost nodes."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from slurm.cluster import wait

from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.cli.main import main

pytestmark = pytest.mark.slurm
ROOT = Path(__file__).parents[2]
STEPS = 60
NETWORK = {"data_shape": [2], "widths": [8]}
DRILL = {
    "model": {
        "class_path": "GAN",
        "init_args": {
            "k": 2, "loss": "NonSaturating", "prior": "Gaussian", "ema_half_life": 200.0,
            "generator": {"class_path": "LinearMLPGenerator", "init_args": {**NETWORK, "z_dim": 2}},
            "discriminator": {"class_path": "MLPDiscriminator", "init_args": NETWORK},
        },
    },
    "data": {"class_path": "Ring", "init_args": {"batch_size": 16}},
    "run": {"threads": 1},
    "checkpoint": {"every_n_steps": 10},
    "trainer": {
        "max_steps": STEPS, "log_every_n_steps": 10, "check_val_every_n_epoch": None, "limit_val_batches": 0,
        "limit_test_batches": 1,
        "callbacks": [{"class_path": "slurm.drills.Slow"}],
    },
}  # fmt: skip


class Drill:
    """Folder in which jobs are submitted by `python -m lightning_gan slurm --submit`."""

    def __init__(self, folder, cluster, monkeypatch, capfd):
        self.folder, self.cluster, self.monkeypatch, self.capfd = (
            folder,
            cluster,
            monkeypatch,
            capfd,
        )
        monkeypatch.chdir(folder)
        for name in ("SLURM_CONF", "PATH", "MASTER_ADDR"):
            monkeypatch.setenv(name, cluster.environment[name])
        paths = [str(ROOT), str(Path(__file__).parents[1])]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        Path("drill.yaml").write_text(yaml.safe_dump(DRILL))

    def submit(self, *flags: str) -> str:
        """Submit a job and return its number."""
        words = [
            "slurm",
            "--config",
            "drill.yaml",
            "--gpus",
            "0",
            "--cpus",
            "1",
            "--submit",
            *flags,
        ]
        self.monkeypatch.setattr(sys, "argv", ["lightning_gan", *words])
        self.capfd.readouterr()
        main()
        return re.search(r"job (\d+)", self.capfd.readouterr().out)[1]

    def run_folder(self, job: str) -> Path:
        return self.folder / "runs" / "drill" / f"job_{job}" / "version_0"

    def log(self, job: str) -> str:
        (path,) = (self.folder / "runs" / "drill" / "logs").glob(f"*-{job}.out")
        return path.read_text()

    def reached(self, job: str, step: int) -> None:
        path = self.run_folder(job) / "checkpoints" / f"step={step}.ckpt"
        wait(path.is_file, 400)

    def ended(self, job: str) -> dict[str, str]:
        return self.cluster.ended(job)

    def last(self, job: str) -> dict:
        return read_checkpoint(self.run_folder(job) / "checkpoints" / "last.ckpt")


@pytest.fixture
def drill(cluster, tmp_path, monkeypatch, capfd):
    return Drill(tmp_path, cluster, monkeypatch, capfd)


@pytest.fixture(scope="module")
def undisturbed():
    """Last checkpoints of uninterrupted jobs, shared by the tests."""
    return {}


def of_two(drill, undisturbed):
    """Return the last checkpoint of an uninterrupted job of two processes on one node."""
    if "two" not in undisturbed:
        job = drill.submit("--tasks", "2")
        state = drill.ended(job)
        assert state["JobState"] == "COMPLETED", drill.log(job)
        undisturbed["two"] = drill.last(job)
        drill.folder.joinpath("drill.sbatch").unlink()
    return undisturbed["two"]


def same(one, other) -> None:
    """Assert that model, optimizers, counts and random states of two checkpoints are equal bit for bit."""
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "counts", "random_states"):
        assert flat(one[key]) == flat(other[key]), key


def flat(value):
    if isinstance(value, torch.Tensor):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {key: flat(part) for key, part in value.items()}
    return [flat(part) for part in value] if isinstance(value, list | tuple) else value


def steps_of(folder: Path) -> list[int]:
    with open(folder / "metrics.csv") as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["train/d_loss"]]


def test_a_requeued_job_of_two_nodes_ends_as_an_uninterrupted_one(drill, undisturbed):
    """A straggler makes the signal reach the two processes at different steps."""
    expected = of_two(drill, undisturbed)
    Path("slow.yaml").write_text(
        yaml.safe_dump({"trainer": {"callbacks": [slow(0.05, straggler=0)]}})
    )
    job = drill.submit(
        "--config", "slow.yaml", "--run.name", "drill",
        "--nodes", "2", "--tasks", "1", "--wandb", "offline",
    )  # fmt: skip
    drill.reached(job, 20)
    drill.cluster.run("scancel", "--signal=USR1", job)
    state = drill.ended(job)
    said = drill.log(job)
    assert (state["JobState"], state["Restarts"]) == ("COMPLETED", "1"), said
    assert re.search(rf"SIGUSR1: step [2-5]\d is saved, job {job} is queued again", said), said
    same(drill.last(job), expected)
    assert not Path("runs/drill", f"job_{job}", "version_1").exists()
    lives = list(drill.run_folder(job).glob("wandb/offline-run-*"))
    assert len(lives) == 2
    assert {path.name.split("-", 3)[-1] for path in lives} == {f"drill-job_{job}"}


def test_a_killed_process_ends_the_job_which_resumes_from_its_last_save(drill, undisturbed):
    expected = of_two(drill, undisturbed)
    killed = {
        "trainer": {
            "callbacks+": [{"class_path": "slurm.drills.Killed", "init_args": {"step": 35}}]
        }
    }
    Path("killed.yaml").write_text(yaml.safe_dump(killed))
    flags = ("--config", "killed.yaml", "--run.name", "drill", "--tasks", "2")
    job = drill.submit(*flags)
    state = drill.ended(job)
    assert state["JobState"] == "FAILED"
    assert state["ExitCode"] != "0:0"
    assert drill.last(job)["counts"]["g_updates"] == 30
    drill.monkeypatch.setenv("LIGHTNING_GAN_RUN", f"drill/job_{job}")
    again = drill.cluster.run("sbatch", "--parsable", "drill.sbatch")
    drill.monkeypatch.delenv("LIGHTNING_GAN_RUN")
    assert drill.ended(again)["JobState"] == "COMPLETED", drill.log(again)
    same(drill.last(job), expected)


@pytest.mark.parametrize("node", ["n1", "n2"])
def test_a_job_that_lost_a_node_is_requeued_and_continues(node, drill, undisturbed):
    """n1 runs the batch script and the first process, which writes the run's files."""
    expected = of_two(drill, undisturbed)
    job = drill.submit("--run.name", "drill", "--nodes", "2", "--tasks", "1")
    drill.reached(job, 20)
    with drill.cluster.lost(node, job):
        wait(lambda: drill.cluster.state(job)["Restarts"] == "1", 120)
    state = drill.ended(job)
    assert (state["JobState"], state["Restarts"]) == ("COMPLETED", "1"), drill.log(job)
    assert "is queued again" not in drill.log(job)  # it was SLURM that did
    assert re.search(r"resume .*step=[2-5]0.ckpt", drill.log(job)), drill.log(job)
    same(drill.last(job), expected)
    assert steps_of(drill.run_folder(job)) == list(range(10, STEPS + 1, 10))


def test_an_array_is_one_run_for_each_seed(drill):
    array = drill.submit("--array", "3-4", "--trainer.max_steps", "10")
    for seed in (3, 4):
        state = drill.ended(f"{array}_{seed}")
        assert state["JobState"] == "COMPLETED"
        folder = drill.run_folder(f"{array}_{seed}")
        assert yaml.safe_load((folder / "config.yaml").read_text())["seed_everything"] == seed
        assert drill.last(f"{array}_{seed}")["counts"]["g_updates"] == 10
    weights = [drill.last(f"{array}_{seed}")["state_dict"] for seed in (3, 4)]
    assert flat(weights[0]) != flat(weights[1])


def test_a_job_with_a_short_time_limit_is_requeued_until_the_run_is_complete(drill):
    """SLURM sends the signal 60 to 120 s after the start; the run needs more than 120 s."""
    Path("slow.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [slow(1.0)]}}))
    job = drill.submit(
        "--config", "slow.yaml", "--run.name", "drill", "--time", "3", "--signal_seconds", "60"
    )
    state = drill.cluster.ended(job, 1500)
    assert state["JobState"] == "COMPLETED", drill.log(job)
    assert int(state["Restarts"]) >= 1
    for number in range(1, int(state["Restarts"]) + 1):
        assert f"is queued again ({number})" in drill.log(job)
    Path("fast.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [slow(0.0)]}}))
    words = [
        "fit",
        "--config",
        "drill.yaml",
        "--config",
        "fast.yaml",
        "--trainer.accelerator",
        "cpu",
    ]
    subprocess.run([sys.executable, "-m", "lightning_gan", *words], check=True)
    same(drill.last(job), read_checkpoint("runs/drill+fast/version_0/checkpoints/last.ckpt"))


def slow(seconds: float, straggler: int = -1) -> dict:
    return {
        "class_path": "slurm.drills.Slow",
        "init_args": {"seconds": seconds, "straggler": straggler},
    }


def test_a_cancelled_job_saves_and_stays_cancelled(drill):
    job = drill.submit()
    drill.reached(job, 10)
    drill.cluster.run("scancel", job)
    state = drill.ended(job)
    assert (state["JobState"], state["Restarts"]) == ("CANCELLED", "0")
    assert re.search(r"SIGTERM: step \d+ is saved", drill.log(job)), drill.log(job)
    assert drill.last(job)["counts"]["g_updates"] >= 10
