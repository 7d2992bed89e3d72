"""Truncated, damaged and foreign checkpoints are refused; a loss that is not finite keeps the last good one."""

import gzip
from pathlib import Path

import pytest
import torch

from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.losses import NonSaturating


def test_a_file_that_is_not_a_checkpoint_is_refused(tmp_path):
    files = {"text": b"hello", "empty": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name} \({len(content)} bytes\) is not a complete"):
            read_checkpoint(tmp_path / name)
    torch.save({"state_dict": {}, "epoch": 3}, tmp_path / "other.ckpt")
    with pytest.raises(ValueError, match=r"other.ckpt is not a checkpoint of this suite"):
        read_checkpoint(tmp_path / "other.ckpt")


def test_a_damaged_checkpoint_is_refused_and_stays_unchanged(command):
    command("fit", "--config", "small.yaml")
    whole = Path("runs/small/version_0/checkpoints/last.ckpt").read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :]
    for name, content in (
        ("empty.ckpt", b""),
        ("cut.ckpt", whole[:middle]),
        ("end.ckpt", whole[:-1]),
        ("flipped.ckpt", flipped),
        ("z.ckpt", gzip.compress(whole)),
    ):
        Path(name).write_bytes(content)
        for line in (
            ("sample", "--ckpt_path", name),
            ("fit", "--config", "small.yaml", "--ckpt_path", name),
        ):
            ended = command(*line)
            assert ended.status == 1
            assert ended.err.startswith(f"error: {name} ")
            assert Path(name).read_bytes() == content


def test_weights_of_other_networks_are_refused(command):
    command("fit", "--config", "small.yaml")
    content = torch.load("runs/small/version_0/checkpoints/last.ckpt", weights_only=True)
    content["hyper_parameters"]["generator"]["init_args"]["widths"] = [9]
    torch.save(content, "wider.ckpt")
    fit = (
        "fit",
        "--config",
        "small.yaml",
        "--ckpt_path",
        "wider.ckpt",
        "--trainer.max_steps",
        "12",
    )
    shapes = "generator.hidden.0.weight is [8, 4] in the file and [9, 4] in the model"
    for line, said in (
        (
            ("sample", "--ckpt_path", "wider.ckpt"),
            "The weights of the checkpoint do not fit these networks",
        ),
        (fit, f"wider.ckpt does not fit these networks: {shapes}"),
    ):
        ended = command(*line)
        assert ended.status == 1
        assert said in ended.err
    assert not Path("runs/small/version_1").exists()


def test_the_last_good_checkpoint_stays_when_a_loss_is_not_finite(command, monkeypatch):
    g_loss, calls = NonSaturating.g_loss, []

    def nan_from_the_seventh(self, fake, real=None):
        calls.append(fake)
        return g_loss(self, fake) * (torch.nan if len(calls) >= 7 else 1)

    monkeypatch.setattr(NonSaturating, "g_loss", nan_from_the_seventh)
    ended = command(
        "fit", "--config", "small.yaml", "--checkpoint.every_n_steps", "1", "--checkpoint.keep", "0"
    )
    assert ended.status == 1
    assert "The generator's loss became nan at step 7" in ended.err
    folder = Path("runs/small/version_0/checkpoints")
    assert {p.name for p in folder.iterdir()} == {
        "last.ckpt",
        *(f"step={s}.ckpt" for s in range(1, 7)),
    }
    last = torch.load(folder / "last.ckpt", weights_only=True)
    assert last["counts"]["g_updates"] == 6
    assert all(value.isfinite().all() for value in last["state_dict"].values())
