"""Resuming with `--ckpt_path last`, `auto` or a file: the file, the folder, and the removal of later results."""

import json
import os
import resource
from pathlib import Path

import pytest
import torch
import yaml
from drill import live

from lightning_gan import GAN
from lightning_gan.checkpoints import branch
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.tracking.runs import Run

FIT = (
    "fit", "--config", "small.yaml", "--checkpoint.every_n_steps", "3", "--trainer.callbacks+=TrainingCurves",
)  # fmt: skip
FOLDER = Path("runs/small/version_0")
CHECKPOINTS = FOLDER / "checkpoints"


def flip(path):
    """Flip one bit of the weights in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)


def test_auto_starts_a_new_run_if_there_is_no_checkpoint(command):
    ended = command(*FIT, "--ckpt_path", "auto", "--trainer.max_steps", "1")
    assert ended.status == 0, ended.err
    assert "runs/small has no complete checkpoint: a new run starts." in ended.out


def test_auto_skips_a_damaged_file_and_prints_both(command):
    command(*FIT)
    whole = {
        name: (FOLDER / name).read_bytes()
        for name in ("metrics.csv", "scores.json", "images/training.gif")
    }
    curves = (FOLDER / "images/curves/step_0000010.png").read_bytes()
    assert sorted(p.name for p in CHECKPOINTS.iterdir()) == [
        "last.ckpt",
        "step=10.ckpt",
        "step=9.ckpt",
    ]
    flip(CHECKPOINTS / "step=10.ckpt")
    (CHECKPOINTS / ".step=10.ckpt.elsewhere.1.part").write_bytes(b"of another machine")
    (CHECKPOINTS / "step=9.tmp").write_bytes(b"half")
    ended = command(*FIT, "--ckpt_path", "auto")
    assert ended.status == 0, ended.err
    assert "skipped: runs/small/version_0/checkpoints/step=10.ckpt is damaged" in ended.out
    assert "resume   runs/small/version_0/checkpoints/step=9.ckpt, step 9" in ended.out
    assert sorted(p.name for p in CHECKPOINTS.iterdir()) == [
        ".step=10.ckpt.elsewhere.1.part", "last.ckpt", "step=10.ckpt", "step=9.ckpt",
    ]  # fmt: skip
    assert {name: (FOLDER / name).read_bytes() for name in whole} == whole
    assert (FOLDER / "images/curves/step_0000010.png").read_bytes() == curves
    assert read_checkpoint(CHECKPOINTS / "last.ckpt")["global_step"] == 10


def test_auto_finishes_a_completed_run_again(command):
    command(*FIT)
    names = ("metrics.csv", "scores.json", "images/training.gif", "config.yaml")
    whole = {name: (FOLDER / name).read_bytes() for name in names}
    state = read_checkpoint(CHECKPOINTS / "last.ckpt")["state_dict"]
    (FOLDER / "images/training.gif").unlink()
    ended = command(*FIT, "--ckpt_path", "auto")
    assert ended.status == 0, ended.err
    assert "step 10; training is complete; running the final evaluation only" in ended.out
    assert "test/parzen_nats" in ended.out
    assert {name: (FOLDER / name).read_bytes() for name in whole} == whole
    torch.testing.assert_close(
        read_checkpoint(CHECKPOINTS / "last.ckpt")["state_dict"], state, rtol=0, atol=0
    )


def test_a_run_that_ends_within_a_log_interval_can_be_finished_again(command):
    """The last row, of an incomplete interval, is written after the checkpoint."""
    fit = (
        "fit",
        "--config",
        "small.yaml",
        "--trainer.log_every_n_steps",
        "7",
        "--ckpt_path",
        "auto",
    )
    assert command(*fit).status == 0
    names = ("metrics.csv", "scores.json")
    whole = {name: (FOLDER / name).read_bytes() for name in names}
    ended = command(*fit)
    assert ended.status == 0, ended.err
    assert {name: (FOLDER / name).read_bytes() for name in names} == whole


def test_an_older_checkpoint_keeps_the_rows_up_to_its_step(command):
    command(*FIT, "--trainer.max_steps", "6")
    rows = (FOLDER / "metrics.csv").read_text().splitlines()
    content = torch.load(CHECKPOINTS / "step=3.ckpt", weights_only=True)
    for key in ("written", "record"):  # absent in checkpoints saved without the callback
        del content[key]
    del content["random_states"]["python"], content["random_states"]["numpy"]
    torch.save(content, CHECKPOINTS / "last.ckpt")
    ended = command(*FIT, "--ckpt_path", "last")
    assert ended.status == 0, ended.err
    steps = [line.split(",")[rows[0].split(",").index("step")] for line in rows[1:]]
    again = (FOLDER / "metrics.csv").read_text().splitlines()
    assert steps[0] == "2"
    assert again[1].split(",")[again[0].split(",").index("step")] == "2"


@pytest.mark.parametrize("name", ["last.ckpt", "step=6.ckpt"])
def test_the_newest_file_continues_in_its_folder_as_last_does(name, command):
    command(*FIT)
    whole = (FOLDER / "metrics.csv").read_bytes()
    command(*FIT, "--run.name", "part", "--trainer.max_steps", "6")
    folder = Path("runs/part/version_0")
    again = ("--ckpt_path", str(folder / "checkpoints" / name), "--trainer.max_steps", "10")
    ended = command("fit", *again)  # uses the config.yaml of the run folder
    assert ended.status == 0, ended.err
    assert [p.name for p in Path("runs/part").iterdir()] == ["version_0"]
    assert (folder / "metrics.csv").read_bytes() == whole
    assert "trainer.max_steps  6       10\n" in ended.out


def test_an_older_file_or_another_name_continues_in_a_new_folder(command):
    command(*FIT, "--trainer.max_steps", "6")
    before = {p: p.read_bytes() for p in FOLDER.rglob("*") if p.is_file()}
    older, last = CHECKPOINTS / "step=3.ckpt", CHECKPOINTS / "last.ckpt"
    Path("moved.ckpt").write_bytes(last.read_bytes())
    for path, more, folder, said in (
        (older, (), "small/version_1", "is not the newest checkpoint of runs/small/version_0"),
        (last, ("--run.name", "other"), "other/version_0", "belongs to runs/small, not to runs/other"),
        (last, ("--run.root", "runs2"), "../runs2/small/version_0", "belongs to runs/small, not to runs2/small"),
        ("moved.ckpt", (), "small/version_2", "is not in a run folder"),
    ):  # fmt: skip
        ended = command(*FIT, "--ckpt_path", str(path), *more, "--trainer.max_steps", "7")
        assert ended.status == 0, ended.err
        assert f"branch   {path} {said}" in ended.out
        assert Path("runs", folder, "checkpoints/step=7.ckpt").is_file()
    assert {p: p.read_bytes() for p in FOLDER.rglob("*") if p.is_file()} == before


def test_a_file_is_older_if_only_last_holds_a_later_step(command):
    """After step=6 is deleted by hand, step=3 is the newest by its name, but last.ckpt is at step 6."""
    command(*FIT, "--trainer.max_steps", "6")
    (CHECKPOINTS / "step=6.ckpt").unlink()
    assert "is not the newest" in branch._why_new_folder(
        CHECKPOINTS / "step=3.ckpt", 3, Run("small"), ["small"]
    )
    flip(CHECKPOINTS / "last.ckpt")  # its step cannot be read
    assert "is not the newest" in branch._why_new_folder(
        CHECKPOINTS / "step=3.ckpt", 3, Run("small"), ["small"]
    )


def test_every_difference_between_config_and_run_is_printed(command):
    command(*FIT, "--trainer.max_steps", "6")
    asked = {
        "seed_everything": 5,
        "data": {"class_path": "MNIST", "init_args": {"batch_size": 5, "root": "./pixels", "source": "files"}},
        "trainer": {"log_every_n_steps": 5},
        "model": {"init_args": {"prior": "Gaussian", "ema_half_life": 30.0}},
    }  # fmt: skip
    command.write("other.yaml", asked)
    ended = command(*FIT, "--config", "other.yaml", "--run.name", "small", "--ckpt_path", "last")
    assert ended.status == 0, ended.err
    own, new = ended.out.split("The requested settings are used")
    rows = [line.split() for text in (own, new) for line in text.splitlines()]
    for row in (
        ["data.batch_size", "5", "10"],
        ["seed_everything", "5", "0"],
        ["model.prior", "Gaussian", "Uniform"],
        ["model.ema_half_life", "30.0", "20.0"],
        ["data.root", "pixels", "./pixels"],
        ["trainer.log_every_n_steps", "2", "5"],
        ["trainer.max_steps", "6", "10"],
    ):
        assert row in rows, row
    config = yaml.safe_load((FOLDER / "config.yaml").read_text())
    assert (config["seed_everything"], config["data"]["init_args"]["batch_size"]) == (0, 10)
    command(*FIT, "--run.name", "whole")
    state = [
        read_checkpoint(f"runs/{n}/version_0/checkpoints/last.ckpt") for n in ("small", "whole")
    ]
    torch.testing.assert_close(state[0]["state_dict"], state[1]["state_dict"], rtol=0, atol=0)


@pytest.mark.slow
def test_training_continues_on_a_full_disk_and_saved_files_stay_intact(command):
    def full():
        step = GAN.training_step

        def refused(self, batch, batch_idx):
            if self.g_updates == 6:
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            step(self, batch, batch_idx)

        GAN.training_step = refused
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # standard output is a file here, which is full
        os.dup2(stderr[1], 2)

    stderr = os.pipe()
    os.set_inheritable(stderr[1], True)
    ended = live(*FIT, before=full)
    os.close(stderr[1])
    with os.fdopen(stderr[0]) as output:
        warned = output.read()
    assert ended.status == 0, warned
    image_bytes = ("step_0000010.png", "training.gif")
    for name in ("step=9.ckpt", *image_bytes, "scores.json", "test_step10.json"):
        assert f"{name} was not saved (File too large)" in warned, name
    assert "metrics.csv was not written (File too large)" in warned
    assert read_checkpoint(CHECKPOINTS / "last.ckpt")["global_step"] == 6
    assert {entry["step"] for entry in json.loads((FOLDER / "scores.json").read_text())} == {5}
    assert not [p for p in FOLDER.rglob("*") if p.name.endswith(".part")]
    again = command(*FIT, "--ckpt_path", "auto")
    assert again.status == 0, again.err
    command(*FIT, "--run.name", "whole")
    assert (FOLDER / "metrics.csv").read_bytes() == Path(
        "runs/whole/version_0/metrics.csv"
    ).read_bytes()
