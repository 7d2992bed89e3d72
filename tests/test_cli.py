"""Commands of the README, end to end on tiny data."""

import csv
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import datamodules
from lightning_gan import GAN
from lightning_gan.cli import lightning_cli
from lightning_gan.evaluation.image_sources import read_images
from lightning_gan.utils.machine_limits import count_cpus

FIT = ("fit", "--config", "small.yaml")


def rows(folder):
    with open(folder / "metrics.csv") as file:
        return list(csv.DictReader(file))


def test_fit_writes_a_run_folder_and_prints_the_next_commands(command):
    ended = command(*FIT)
    assert ended.status == 0, ended.err
    run = Path("runs/small/version_0")
    assert {p.name for p in run.iterdir()} >= {
        "config.yaml",
        "metrics.csv",
        "checkpoints",
        "images",
    }
    assert "test/parzen_nats" in ended.out
    assert "±" in ended.out
    assert "random training images" in ended.out
    for line in ("sample --ckpt_path", "validate --ckpt_path", "fit --ckpt_path"):
        assert f"python -m lightning_gan {line} {run}/checkpoints/last.ckpt" in ended.out
    assert "step 10/10" in ended.out
    assert "last.ckpt --trainer.max_steps 20" in ended.out
    steps = [int(r["step"]) for r in rows(run) if r["train/d_loss"]]
    assert steps == [2, 4, 6, 8, 10]
    assert [int(r["step"]) for r in rows(run) if r["val/parzen_nats"]] == [5, 10]


def test_images_are_written_and_are_not_black(command):
    command(*FIT, "--trainer.callbacks+=TrainingCurves")
    images = Path("runs/small/version_0/images")
    grids = sorted((images / "samples").glob("*.png"))
    assert [p.name for p in grids] == [f"step_{s:07d}.png" for s in (0, 5, 10)]
    for path in [
        *grids,
        *(images / "curves").glob("*.png"),
        *(images / "nearest_neighbours").glob("*.png"),
    ]:
        pixels = np.asarray(Image.open(path))
        assert pixels.std() > 5, path
    with Image.open(images / "training.gif") as animation:
        assert animation.n_frames == 3


def test_two_runs_have_separate_folders_and_the_same_numbers(command):
    command(*FIT)
    before = Path("runs/small/version_0/metrics.csv").read_bytes()
    assert command(*FIT).status == 0
    assert Path("runs/small/version_1/metrics.csv").read_bytes() == before  # same seed, same run
    assert Path("runs/small/version_0/metrics.csv").read_bytes() == before


def test_the_saved_config_repeats_the_run(command):
    command(*FIT, "--model.k", "2")
    saved = Path("runs/small/version_0/config.yaml")
    assert yaml.safe_load(saved.read_text())["model"]["init_args"]["k"] == 2
    ended = command("fit", "--config", str(saved))
    assert ended.status == 0, ended.err
    assert rows(Path("runs/small/version_1")) == rows(Path("runs/small/version_0"))


def test_sample_needs_neither_data_nor_a_config(command):
    command(*FIT)
    checkpoint = Path("runs/small/version_0/checkpoints/last.ckpt").rename("moved.ckpt")
    Path("pixels").rename("gone")
    ended = command(
        "sample",
        "--ckpt_path",
        str(checkpoint),
        "--num_samples",
        "5",
        "--out",
        "made",
        "--seed",
        "3",
    )
    assert ended.status == 0, ended.err
    made = [np.asarray(Image.open(p)) for p in sorted(Path("made").glob("*.png"))]
    assert [m.shape for m in made] == [(28, 28)] * 5
    assert np.stack(made).std() > 5
    assert np.asarray(Image.open("made_grid.png")).shape[0] > 28
    command(
        "sample",
        "--ckpt_path",
        str(checkpoint),
        "--num_samples",
        "5",
        "--out",
        "again",
        "--seed",
        "3",
    )
    assert [p.read_bytes() for p in sorted(Path("again").glob("*.png"))] == [
        p.read_bytes() for p in sorted(Path("made").glob("*.png"))
    ]
    assert "other images" not in ended.out
    ended = command("sample", "--ckpt_path", str(checkpoint), "--num_samples", "3", "--out", "made")
    assert "2 other images are in made: `evaluate --samples` uses only the 3 that" in ended.out
    assert len(read_images("made").uint8_images) == 3


def test_validate_and_test_print_the_score_table(command):
    command(*FIT)
    last = "runs/small/version_0/checkpoints/last.ckpt"
    before = Path("runs/small/version_0/metrics.csv").read_bytes()
    for name, stage, flag in (
        ("validate", "val", ["--ckpt_path", last]),
        ("test", "test", [f"--ckpt_path={last}"]),
    ):
        ended = command(name, *flag)
        assert ended.status == 0, ended.err
        assert f"{stage}/parzen_nats" in ended.out
        assert "EMA, seed 0, pixels in [0,1]" in ended.out
    assert Path("runs/small/version_0/metrics.csv").read_bytes() == before
    assert list(Path("runs/small/version_0/test").glob("version_0/parzen/test_step10.json"))


def test_a_resumed_run_equals_an_uninterrupted_one(command):
    command(*FIT)
    whole = torch.load("runs/small/version_0/checkpoints/last.ckpt", weights_only=True)
    command(*FIT, "--trainer.max_steps", "7", "--run.name", "part")
    ended = command(*FIT, "--run.name", "part", "--ckpt_path", "last")
    assert ended.status == 0, ended.err
    assert "resume   runs/part/version_0/checkpoints/last.ckpt, step 7" in ended.out
    resumed = torch.load("runs/part/version_0/checkpoints/last.ckpt", weights_only=True)
    assert resumed["counts"] == whole["counts"]
    torch.testing.assert_close(resumed["state_dict"], whole["state_dict"], rtol=0, atol=0)


def test_resuming_with_other_settings_prints_those_in_use(command):
    command(*FIT)
    last = "runs/small/version_0/checkpoints/last.ckpt"
    ended = command(*FIT, "--ckpt_path", last, "--model.k", "2", "--trainer.max_steps", "12")
    assert ended.status == 0, ended.err
    line = next(line for line in ended.out.splitlines() if line.startswith("model.k "))
    assert line.split() == ["model.k", "2", "1"]


def test_run_threads_sets_the_number_of_threads(command, monkeypatch):
    given = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    n = count_cpus()
    assert command(*FIT, "--run.threads", f"{n}", "--trainer.max_steps", "1").status == 0
    assert given == [n]
    config = yaml.safe_load(Path("runs/small/version_0/config.yaml").read_text())
    assert config["run"]["threads"] == n


def test_more_steps_are_not_suggested_once_the_learning_rates_are_0(command):
    ending = {"class_path": "LinearDecay", "init_args": {"total": 2}}
    schedules = {"d_scheduler": ending, "g_scheduler": ending}
    command.write("ending.yaml", {"model": {"init_args": schedules}})
    asked = (*FIT, "--config", "ending.yaml", "--trainer.max_steps")
    ended = command(*asked, "2")
    assert ended.status == 0, ended.err
    assert "validate --ckpt_path" in ended.out
    assert "fit --ckpt_path" not in ended.out
    ended = command(*asked, "3", "--ckpt_path", "last")
    assert "NOTE     both learning rates are 0 after their schedules" in ended.out


def test_a_complete_run_is_not_resumed(command):
    command(*FIT)
    ended = command(*FIT, "--ckpt_path", "last")
    assert ended.status == 1
    assert (
        "is at step 10 already: give --trainer.max_steps above 10 to train further, or --ckpt_path auto"
        in ended.err
    )
    assert not Path("runs/small/version_1").exists()


def test_evaluation_on_other_data_than_the_run_is_refused(command, monkeypatch):
    command(*FIT)
    last = Path("runs/small/version_0/checkpoints/last.ckpt")
    monkeypatch.setattr(datamodules.MNIST, "name", "other_digits")
    ended = command("test", "--ckpt_path", str(last))
    assert ended.status == 1
    assert "was trained on mnist, but the present data are other_digits" in ended.err


@pytest.mark.parametrize("after", [0, 2, 6], ids=["the first step", "the first epoch", "later"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_finishes_its_step_saves_and_scores(number, after, command, monkeypatch):
    step = GAN.training_step

    def interrupted(self, batch, batch_idx):
        if self.g_updates == after:
            os.kill(os.getpid(), number)
        step(self, batch, batch_idx)

    monkeypatch.setattr(GAN, "training_step", interrupted)
    ended = command(*FIT)
    assert ended.status == 128 + number
    assert "finishing this step, saving and evaluating the run" in ended.err
    assert "test/parzen_nats" in ended.out
    monkeypatch.undo()
    monkeypatch.chdir(command.folder)
    saved = torch.load("runs/small/version_0/checkpoints/last.ckpt", weights_only=True)
    steps = after + 1
    assert saved["counts"] == {"d_updates": steps, "g_updates": steps, "images_seen": 10 * steps}


def test_every_checkpoint_loads_without_running_code(command):
    command(*FIT)
    for path in Path("runs/small/version_0/checkpoints").iterdir():
        assert torch.load(path, weights_only=True)["counts"]["g_updates"] == 10


def test_configs_are_found_from_any_folder_and_flags_override_them(command):
    ended = command("fit", "--config", "mnist.yaml", "--model.k", "3", "--print_config")
    assert ended.status == 0, ended.err
    config = yaml.safe_load(ended.out)
    assert config["model"]["init_args"]["k"] == 3
    assert config["run"]["name"] == "mnist"


def test_a_run_on_the_embedded_digits_is_named_after_them(command, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(command.folder)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    Path("mnist_tiny.yaml").write_text(Path("small.yaml").read_text())
    calls, loggers = [], lightning_cli.make_loggers

    def record_call(root, name, mode, config, **more):
        calls.append((name, config["run"]["name"], config["data"]["init_args"]["source"]))
        return loggers(root, name, mode, config, **more)

    monkeypatch.setattr(lightning_cli, "make_loggers", record_call)
    ended = command(
        "fit", "--config", "mnist_tiny.yaml", "--data.source", "embedded", "--data.batch_size", "100",
        "--trainer.max_steps", "3",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    run = Path("runs/mnist5k_tiny/version_0")
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["run"]["name"] == "mnist5k_tiny"
    assert config["data"]["init_args"]["source"] == "embedded"
    assert calls == [("mnist5k_tiny", "mnist5k_tiny", "embedded")]
    assert "mnist5k test images" in ended.out
    assert "mnist test images" not in ended.out


def test_only_an_error_after_the_first_step_leaves_a_run_folder(command):
    ended = command(*FIT, "--data.batch_size", "61")
    assert "needs more than the 50 training images" in ended.err
    assert not Path("runs/small").exists()
    command(*FIT)
    assert command(*FIT, "--data.batch_size", "61").status == 1
    assert [p.name for p in Path("runs/small").iterdir()] == ["version_0"]
    packs = (
        "PackedDiscriminator",
        "--model.discriminator.pack",
        "3",
        "--model.discriminator.discriminator",
    )
    small = ("MLPDiscriminator", "--model.discriminator.discriminator.data_shape", "[3,28,28]")
    ended = command(*FIT, "--model.discriminator", *packs, *small)  # after the first image
    assert "D reads packs of 3" in ended.err
    assert [p.name for p in Path("runs/small").iterdir()] == ["version_0"]
    learning_rate = ("--model.d_optimizer=torch.optim.SGD", "--model.d_optimizer.lr=1e30")
    assert "loss became" in command(*FIT, *learning_rate).err
    assert sorted(p.name for p in Path("runs/small").iterdir()) == ["version_0", "version_1"]


def test_ctrl_c_during_the_evaluation_prints_how_to_repeat_it(command, monkeypatch):
    step = GAN.test_step

    def interrupted(self, batch, batch_idx):
        os.kill(os.getpid(), signal.SIGINT)
        return step(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(GAN, "test_step", interrupted)
        ended = command(*FIT)
    assert ended.status == 130
    again = "fit --config runs/small/version_0/config.yaml --ckpt_path auto"
    assert (
        f"SIGINT: the scores were not computed.\nStep 10 is saved. To compute them\n  python -m lightning_gan {again}"
        in ended.err
    )
    ended = command(*again.split())
    assert ended.status == 0, ended.err
    assert "test/parzen_nats" in ended.out


def test_float64_trains_draws_and_scores(command):
    ended = command(*FIT, "--trainer.precision", "64-true")
    assert ended.status == 0, ended.err
    assert "test/parzen_nats" in ended.out


def test_other_data_than_the_checkpoint_is_the_first_error(command):
    command(*FIT)
    last = "runs/small/version_0/checkpoints/last.ckpt"
    ended = command("fit", "--config", "ring.yaml", "--ckpt_path", last, "--trainer.max_steps", "5")
    assert ended.err.startswith(
        f"error: {last} was trained on mnist, but the present data are ring"
    )
