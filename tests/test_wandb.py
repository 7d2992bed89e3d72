"""W&B in offline mode, without an account: the content of the offline file."""

import hashlib
import json
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import wandb
import yaml
from PIL import Image
from tiny import make_tiny_mnist
from wandb.proto import wandb_internal_pb2

from lightning_gan import __version__
from lightning_gan.tracking import config_hash, run_info
from lightning_gan.tracking.loggers import choose_wandb_mode
from lightning_gan.utils.file_format import FORMAT


def records(path):
    """Yield the payloads of a .wandb file: a LevelDB log of 32 KiB blocks after a header of 7 bytes."""
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


def read_records(path):
    """Return all records, after waiting for the last one."""
    for _ in range(100):
        parsed = [wandb_internal_pb2.Record.FromString(payload) for payload in records(path)]
        if any(record.WhichOneof("record_type") == "exit" for record in parsed):
            return parsed
        time.sleep(0.2)
    raise AssertionError(f"{path} has no end")


def history(path):
    """Return the logged rows in order."""
    rows = []
    for record in read_records(path):
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append({i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in items})
    return rows


def config(path):
    """Return the last configuration of the run."""
    items = {}
    for record in read_records(path):
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


def stored(path, kind):
    """Return the records of one kind."""
    return [getattr(r, kind) for r in read_records(path) if r.WhichOneof("record_type") == kind]


def file_of(run):
    """Return the .wandb file of a run folder."""
    (file,) = Path(run, "wandb").glob("offline-run-*/run-*.wandb")
    return file


@pytest.fixture
def alone(command, monkeypatch):
    """Run a command offline, without an account, and finish the W&B run."""
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("HOME", str(command.folder))  # hides the user's .netrc

    def run(*arguments):
        ended = command(*arguments)
        assert ended.status == 0, ended.err
        wandb.finish()
        return ended

    return run


@pytest.fixture
def offline(alone, command):
    """Return a finished offline run: result, folder and rows."""
    best = {
        "class_path": "BestCheckpoint",
        "init_args": {"score": "val/parzen_nats", "lower_is_better": False},
    }
    best["init_args"]["upload"] = True
    command.write("best.yaml", {"trainer": {"callbacks+": [best]}})
    ended = alone("fit", "--config", "small.yaml", "--config", "best.yaml", "--run.name", "small")
    file = file_of("runs/small/version_0")
    return ended, file.parent, history(file)


def test_an_offline_run_logs_scalars_images_tables_and_artifacts(offline):
    ended, folder, rows = offline
    step = "trainer/global_step"
    assert [r[step] for r in rows if "train/d_loss" in r] == [2, 4, 6, 8, 10]
    assert [r[step] for r in rows if "val/parzen_nats" in r] == [5, 10]
    assert [r[step] for r in rows if "test/parzen_nats" in r] == [10]
    assert [r["progress/images_seen"] for r in rows if "train/d_loss" in r] == [20, 40, 60, 80, 100]
    image_bytes = [(r[step], r["images/samples"]) for r in rows if "images/samples" in r]
    image_bytes += [
        (r[step], r["images/samples.filenames"]) for r in rows if "images/samples.filenames" in r
    ]
    assert sorted({s for s, _ in image_bytes}) == [0, 5, 10]
    files = sorted((folder / "files" / "media" / "images" / "images").glob("samples_*.png"))
    assert len(files) == 3
    for path in files:
        pixels = np.asarray(Image.open(path))
        assert pixels.mean() > 20  # wandb silently turns a float tensor into a black image
        assert pixels.std() > 5
    assert "wandb sync" in ended.out
    (file,) = folder.glob("run-*.wandb")
    protocols = config(file)
    assert protocols["protocols/val/parzen_nats"]["split"] == "val"
    assert protocols["protocols/test/parzen_nats"]["real"] == "mnist"
    assert_run_metadata(file, protocols)
    assert_tables_and_animations(folder, rows)
    assert_best_checkpoint_is_uploaded(file)


def assert_run_metadata(file, config):
    (run,) = stored(file, "run")
    facts = json.loads(Path("runs/small/version_0/run.json").read_text())
    assert (run.run_group, run.job_type, run.run_id) == ("small", "fit", facts["wandb_id"])
    assert list(run.tags) == ["mnist", "NonSaturating", "GAN"]
    assert run.display_name == "small-version_0"
    assert config["model"]["init_args"]["generator"]["init_args"]["z_dim"] == 4
    saved = yaml.safe_load(Path("runs/small/version_0/config.yaml").read_text())
    assert config["recipe"] == config_hash.hash_config(saved)
    x = make_tiny_mnist(Path("pixels"))(root="pixels")
    x.prepare_data()
    sha = hashlib.sha256(b"(50, 1, 28, 28)" + x.uint8_images("train").numpy().tobytes())
    assert config["about"]["data"]["sha256"] == sha.hexdigest()
    assert config["about"]["code"]["lightning-gan"] == __version__
    assert config["about"]["environment"]["torch"] == torch.__version__.split("+")[0]


def assert_tables_and_animations(folder, rows):
    (row,) = [r for r in rows if "scores/test" in r or "scores/test.path" in r]
    assert row["trainer/global_step"] == 10
    (file,) = (folder / "files" / "media" / "table" / "scores").glob("test*.json")
    table = json.loads(file.read_text())
    assert table["columns"] == ["score", "value", "protocol"]
    assert ["test/parzen_nats", "  random training images"] == [r[0] for r in table["data"][3:5]]
    (gif,) = (folder / "files" / "media" / "videos" / "animations").glob("training*.gif")
    assert gif.read_bytes() == Path("runs/small/version_0/images/training.gif").read_bytes()


def assert_best_checkpoint_is_uploaded(file):
    artifacts = [a for a in stored(file, "artifact") if a.type == "model"]
    artifacts += [
        r.log_artifact.artifact for r in stored(file, "request") if r.HasField("log_artifact")
    ]
    (artifact,) = artifacts
    assert json.loads(artifact.metadata)["score"] == "val/parzen_nats"
    assert [entry.path for entry in artifact.manifest.contents] == ["best.ckpt"]


@pytest.mark.slow
def test_no_model_is_uploaded_by_default(alone):
    alone("fit", "--config", "small.yaml", "--trainer.max_steps", "2")
    path = file_of("runs/small/version_0")
    assert stored(path, "history")
    assert [a for a in stored(path, "artifact") if a.type == "model"] == []
    assert not any(r.HasField("log_artifact") for r in stored(path, "request"))


@pytest.mark.slow
def test_a_resumed_run_keeps_its_wandb_id(alone):
    fit = ("fit", "--config", "small.yaml", "--trainer.max_steps")
    alone(*fit, "2")
    alone(*fit, "4", "--ckpt_path", "runs/small/version_0/checkpoints/last.ckpt")
    runs = [file_of(f"runs/small/version_{i}") for i in range(2)]
    (first,), (second,) = (stored(run, "run") for run in runs)
    assert first.run_id == second.run_id
    steps = [[r["trainer/global_step"] for r in history(run) if "train/value" in r] for run in runs]
    assert steps == [[2], [4]]


def run_folder(root, name, continues=None, checkpoint="last.ckpt"):
    """Write run.json and two empty checkpoints; return the W&B id."""
    path = continues and {"checkpoint": str(root / continues / "checkpoints" / checkpoint)}
    facts = run_info.write_run_info(root / name, {"format": FORMAT, "continues": path})
    (root / name / "checkpoints").mkdir()
    for file in ("last.ckpt", "older.ckpt"):
        (root / name / "checkpoints" / file).touch()
    return facts["wandb_id"]


def test_only_the_first_run_that_continues_the_last_checkpoint_keeps_the_id(tmp_path):
    first = run_folder(tmp_path, "a")
    assert run_folder(tmp_path, "b", "a", "older.ckpt") != first
    assert run_folder(tmp_path, "c", "a") == first
    assert run_folder(tmp_path, "d", "a") not in (first, None)
    assert run_folder(tmp_path, "e", "c") == first


def test_a_folder_that_is_rewritten_keeps_its_id(tmp_path):
    facts = {"format": FORMAT, "model": "GAN", "continues": None}
    first = run_info.write_run_info(tmp_path, facts)
    assert run_info.write_run_info(tmp_path, facts) == first == run_info.read_run_info(tmp_path)
    assert run_info.write_run_info(tmp_path / "other", facts)["wandb_id"] != first["wandb_id"]


@pytest.mark.slow
def test_environment_variables_override_names(alone, monkeypatch):
    for name, value in (("RUN_GROUP", "mine"), ("RUN_ID", "abc"), ("TAGS", "a,b"), ("NAME", "n")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    alone("fit", "--config", "small.yaml", "--trainer.max_steps", "1")
    (run,) = stored(file_of("runs/small/version_0"), "run")
    assert (run.run_group, run.run_id, run.display_name, list(run.tags)) == (
        "mine",
        "abc",
        "n",
        ["a", "b"],
    )


def test_wandb_mode_of_the_environment_overrides_the_setting(tmp_path_factory, subtests):
    for variable, asked, mode in [
        ("offline", "auto", "offline"),
        ("dryrun", "online", "offline"),
        ("disabled", "online", "disabled"),
        ("online", "disabled", "online"),
        (None, "disabled", "disabled"),
        (None, "auto", "offline"),
    ]:
        with (
            subtests.test(variable=variable, asked=asked, mode=mode),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            monkeypatch.delenv("WANDB_MODE", raising=False)
            monkeypatch.setenv("HOME", str(tmp_path))
            if variable:
                monkeypatch.setenv("WANDB_MODE", variable)
            assert choose_wandb_mode(asked) == mode


def test_an_unknown_wandb_mode_is_refused(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "sometimes")
    with pytest.raises(
        ValueError, match="WANDB_MODE is 'sometimes': set it to online, offline or disabled"
    ):
        choose_wandb_mode("auto")
