"""W&B without an account: the offline file is read back."""

import json
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import wandb
from PIL import Image
from wandb.proto import wandb_internal_pb2

from lightning_gan.tracking import wandb_mode


def records(path):
    """Payloads of a .wandb file: a LevelDB log of 32 KiB blocks behind a header of 7 bytes."""
    raw = path.read_bytes()
    position, whole = 7, b""
    while position + 7 <= len(raw):
        if 32768 - position % 32768 < 7:
            position += 32768 - position % 32768
            continue
        _, size, kind = struct.unpack("<IHB", raw[position : position + 7])
        if kind == 0:
            return
        part = raw[position + 7 : position + 7 + size]
        position += 7 + size
        whole = part if kind in (1, 2) else whole + part
        if kind in (1, 4):
            yield whole


def whole(path):
    """All records, once the writing process has put down the last one."""
    for _ in range(100):
        parsed = [wandb_internal_pb2.Record.FromString(payload) for payload in records(path)]
        if any(record.WhichOneof("record_type") == "exit" for record in parsed):
            return parsed
        time.sleep(0.2)
    raise AssertionError(f"{path} has no end")


def history(path):
    """Logged rows, in order."""
    rows = []
    for record in whole(path):
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append({i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in items})
    return rows


def config(path):
    """The run's configuration, as it was last written."""
    items = {}
    for record in whole(path):
        kind = record.WhichOneof("record_type")
        updates = (
            record.config.update
            if kind == "config"
            else record.run.config.update
            if kind == "run"
            else ()
        )
        items |= {i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in updates}
    return items


@pytest.fixture
def offline(command, monkeypatch):
    """A finished offline run: its folder and its rows."""
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("HOME", str(command.folder))  # no .netrc of the person who runs the tests
    ended = command("fit", "--config", "small.yaml")
    assert ended.status == 0, ended.err
    wandb.finish()
    (file,) = Path("runs/small/version_0/wandb").glob("offline-run-*/run-*.wandb")
    return ended, file.parent, history(file)


def test_an_offline_run_has_its_scalars_and_pictures_at_the_right_steps(offline):
    ended, folder, rows = offline
    step = "trainer/global_step"
    assert [r[step] for r in rows if "train/d_loss" in r] == [2, 4, 6, 8, 10]
    assert [r[step] for r in rows if "val/parzen_nats" in r] == [5, 10]
    assert [r[step] for r in rows if "test/parzen_nats" in r] == [10]
    assert [r["progress/images_seen"] for r in rows if "train/d_loss" in r] == [20, 40, 60, 80, 100]
    pictures = [(r[step], r["images/samples"]) for r in rows if "images/samples" in r]
    pictures += [
        (r[step], r["images/samples.filenames"]) for r in rows if "images/samples.filenames" in r
    ]
    assert sorted({s for s, _ in pictures}) == [0, 5, 10]
    files = sorted((folder / "files" / "media" / "images" / "images").glob("samples_*.png"))
    assert len(files) == 3
    for path in files:
        pixels = np.asarray(Image.open(path))
        assert pixels.mean() > 20  # wandb turns a float tensor into black, without a word
        assert pixels.std() > 5
    assert "wandb sync" in ended.out
    (file,) = folder.glob("run-*.wandb")
    cards = config(file)
    assert cards["cards/val/parzen_nats"]["split"] == "val"
    assert cards["cards/test/parzen_nats"]["real"] == "mnist"


@pytest.mark.parametrize(
    ("variable", "asked", "mode"),
    [
        ("offline", "auto", "offline"),
        ("dryrun", "online", "offline"),
        ("disabled", "online", "disabled"),
        ("online", "disabled", "online"),
        (None, "disabled", "disabled"),
        (None, "auto", "offline"),
    ],
)
def test_wandb_mode_of_the_environment_goes_first(variable, asked, mode, monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if variable:
        monkeypatch.setenv("WANDB_MODE", variable)
    assert wandb_mode(asked) == mode


def test_a_mode_that_wandb_does_not_know_is_named(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "sometimes")
    with pytest.raises(
        ValueError, match="WANDB_MODE is 'sometimes': set it to online, offline or disabled"
    ):
        wandb_mode("auto")
