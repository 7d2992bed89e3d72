"""`--ckpt_path last` and `auto`: which file, in which folder, and what is left of what came after it."""

import json
import os
import resource
from pathlib import Path

import pytest
import torch
from drill import live

from lightning_gan import GAN
from lightning_gan.running.runs import checked

FIT = (
    "fit", "--config", "small.yaml", "--checkpoint.every_n_steps", "3", "--trainer.callbacks+=Curves",
)  # fmt: skip
FOLDER = Path("runs/small/version_0")
CHECKPOINTS = FOLDER / "checkpoints"


def flip(path):
    """Change one bit of the weights in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)


def test_auto_starts_anew_where_there_is_nothing_and_says_so(command):
    ended = command(*FIT, "--ckpt_path", "auto", "--trainer.max_steps", "1")
    assert ended.status == 0, ended.err
    assert "runs/small holds no whole checkpoint: a new run begins." in ended.out


def test_auto_passes_over_a_damaged_file_and_says_which_it_takes(command):
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
    assert "passed over: runs/small/version_0/checkpoints/step=10.ckpt is damaged" in ended.out
    assert "resume   runs/small/version_0/checkpoints/step=9.ckpt, step 9" in ended.out
    assert sorted(p.name for p in CHECKPOINTS.iterdir()) == [
        ".step=10.ckpt.elsewhere.1.part", "last.ckpt", "step=10.ckpt", "step=9.ckpt",
    ]  # fmt: skip
    assert {name: (FOLDER / name).read_bytes() for name in whole} == whole
    assert (FOLDER / "images/curves/step_0000010.png").read_bytes() == curves
    assert checked(CHECKPOINTS / "last.ckpt")["global_step"] == 10


def test_auto_of_a_run_that_has_all_its_steps_ends_it_again(command):
    command(*FIT)
    names = ("metrics.csv", "scores.json", "images/training.gif", "config.yaml")
    whole = {name: (FOLDER / name).read_bytes() for name in names}
    state = checked(CHECKPOINTS / "last.ckpt")["state_dict"]
    (FOLDER / "images/training.gif").unlink()
    ended = command(*FIT, "--ckpt_path", "auto")
    assert ended.status == 0, ended.err
    assert "step 10; all steps are done, it is only ended again" in ended.out
    assert "test/parzen_nats" in ended.out
    assert {name: (FOLDER / name).read_bytes() for name in whole} == whole
    torch.testing.assert_close(
        checked(CHECKPOINTS / "last.ckpt")["state_dict"], state, rtol=0, atol=0
    )


def test_an_older_checkpoint_keeps_the_rows_up_to_its_step(command):
    command(*FIT, "--trainer.max_steps", "6")
    rows = (FOLDER / "metrics.csv").read_text().splitlines()
    content = torch.load(CHECKPOINTS / "step=3.ckpt", weights_only=True)
    for key in ("written", "record"):  # older versions did not write them
        del content[key]
    del content["random_states"]["python"], content["random_states"]["numpy"]
    torch.save(content, CHECKPOINTS / "last.ckpt")
    ended = command(*FIT, "--ckpt_path", "last")
    assert ended.status == 0, ended.err
    steps = [line.split(",")[rows[0].split(",").index("step")] for line in rows[1:]]
    again = (FOLDER / "metrics.csv").read_text().splitlines()
    assert steps[0] == "2"
    assert again[1].split(",")[again[0].split(",").index("step")] == "2"


def test_a_file_given_by_path_begins_a_folder_of_its_own(command):
    command(*FIT, "--trainer.max_steps", "6")
    before = (FOLDER / "metrics.csv").read_bytes()
    ended = command(*FIT, "--ckpt_path", str(CHECKPOINTS / "step=3.ckpt"))
    assert ended.status == 0, ended.err
    assert (FOLDER / "metrics.csv").read_bytes() == before
    assert Path("runs/small/version_1/checkpoints/step=10.ckpt").exists()


@pytest.mark.slow
def test_a_full_disk_costs_files_and_not_the_run_and_what_was_whole_stays_whole(command):
    def full():
        step = GAN.training_step

        def refused(self, batch, batch_idx):
            if self.g_updates == 6:
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            step(self, batch, batch_idx)

        GAN.training_step = refused
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is said is a file here
        os.dup2(spoken[1], 2)

    spoken = os.pipe()
    os.set_inheritable(spoken[1], True)
    ended = live(*FIT, before=full)
    os.close(spoken[1])
    with os.fdopen(spoken[0]) as said:
        warned = said.read()
    assert ended.status == 0, warned
    pictures = ("step_0000010.png", "training.gif")
    for name in ("step=9.ckpt", *pictures, "scores.json", "test_step10.json"):
        assert f"{name} was not saved (File too large)" in warned, name
    assert "metrics.csv takes no more rows (File too large)" in warned
    assert checked(CHECKPOINTS / "last.ckpt")["global_step"] == 6
    assert {entry["step"] for entry in json.loads((FOLDER / "scores.json").read_text())} == {5}
    assert not [p for p in FOLDER.rglob("*") if p.name.endswith(".part")]
    again = command(*FIT, "--ckpt_path", "auto")
    assert again.status == 0, again.err
    command(*FIT, "--run.name", "whole")
    assert (FOLDER / "metrics.csv").read_bytes() == Path(
        "runs/whole/version_0/metrics.csv"
    ).read_bytes()
