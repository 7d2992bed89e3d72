"""Data that changed since the start of a run: an error, or recorded after the user accepts the change."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from command import SMALL
from image_fixtures import write
from PIL import Image

import datamodules
from lightning_gan.tracking import data_digest

FOLDER = Path("runs/pictures/version_0")
LAST = str(FOLDER / "checkpoints/last.ckpt")
FIT = ("fit", "--config", "pictures.yaml", "--ckpt_path", "last", "--trainer.max_steps")
YES = ("--run.accept_changed_data", "true")


def image(i):
    x = torch.Generator().manual_seed(i)
    pixels = torch.randint(0, 256, (28, 28), dtype=torch.uint8, generator=x)
    Image.fromarray(pixels.numpy()).save(f"grow/{i}.png")


@pytest.fixture
def grown(command):
    """A run of two steps on ten images, after which two images were added."""
    Path("grow").mkdir()
    for i in range(10):
        image(i)
    data = {"root": "grow", "batch_size": 4, "size": 28, "channels": 1, "value_range": [0.0, 1.0]}
    short = SMALL["trainer"] | {"callbacks": [], "max_steps": 2}
    config = SMALL | {"data": {"class_path": "ImageFolder", "init_args": data}, "trainer": short}
    command.write("pictures.yaml", config)
    ended = command("fit", "--config", "pictures.yaml")
    assert ended.status == 0, ended.err
    image(10)
    image(11)
    return command


def test_changed_images_are_an_error_in_every_command_that_uses_them(grown):
    facts = (FOLDER / "run.json").read_bytes()
    for line, flag in (
        ((*FIT, "4"), YES[0]),
        (("fit", "--ckpt_path", LAST, "--trainer.max_steps", "4"), YES[0]),
        (("validate", "--ckpt_path", LAST), YES[0]),
        (("test", "--config", "pictures.yaml", "--ckpt_path", LAST), YES[0]),
        (("evaluate", "--ckpt_path", LAST), "--accept_changed_data"),
    ):
        ended = grown(*line)
        assert ended.status == 1, line
        assert f"The data grow have changed since {LAST} was trained on them: " in ended.err
        assert "train had 7 examples and has " in ended.err
        assert f"add {flag} true to continue" in ended.err
    assert (FOLDER / "run.json").read_bytes() == facts
    Path(LAST).rename("moved.ckpt")  # the digest is in the file as well
    ended = grown("validate", "--config", "pictures.yaml", "--ckpt_path", "moved.ckpt")
    assert "since moved.ckpt was trained on them" in ended.err


def test_accepted_changes_are_recorded_and_need_not_be_accepted_again(grown):
    first = json.loads((FOLDER / "run.json").read_text())["data"]
    ended = grown(*FIT, "3", *YES)
    assert ended.status == 0, ended.err
    assert "NOTE        the data changed at step 2: train had 7 examples and has " in ended.out
    config = yaml.safe_load((FOLDER / "config.yaml").read_text())
    assert config["run"]["accept_changed_data"] is False
    ended = grown("fit", "--ckpt_path", LAST, "--trainer.max_steps", "4")  # the same data as now
    assert ended.status == 0, ended.err
    assert "the data changed at step 2" in ended.out
    image(12)
    assert grown("fit", "--ckpt_path", LAST, "--trainer.max_steps", "5").status == 1
    ended = grown(*FIT, "5", *YES)
    data = json.loads((FOLDER / "run.json").read_text())["data"]
    assert {key: data[key] for key in first if key != "changes"} == {
        key: first[key] for key in first if key != "changes"
    }
    assert [change["step"] for change in data["changes"]] == [2, 4]
    assert data["changes"][0]["sha256"] != data["changes"][1]["sha256"]
    assert "the data changed at step 2, 4" in (FOLDER / "report.html").read_text()
    branch = grown(*FIT[:4], str(FOLDER / "checkpoints/step=4.ckpt"), "--trainer.max_steps", "6", *YES)  # fmt: skip
    assert branch.status == 0, branch.err
    data = json.loads(Path("runs/pictures/version_1/run.json").read_text())["data"]
    assert [change["step"] for change in data["changes"]] == [2, 4]


def test_scores_on_changed_data_can_be_computed_on_request(grown):
    ended = grown("validate", "--ckpt_path", LAST, *YES)
    assert ended.status == 0, ended.err
    assert "NOTE     the data grow have changed: train had 7 examples" in ended.out
    line = (
        "evaluate",
        "--ckpt_path",
        LAST,
        "--metrics",
        "parzen",
        "--num_samples",
        "5",
        "--baselines",
        "false",
    )
    ended = grown(*line, "--accept_changed_data")
    assert "NOTE: the data grow have changed: train had 7 examples" in ended.out
    assert "have changed since" not in ended.err


def test_a_run_with_only_the_hash_of_its_training_images_is_checked_by_it(grown):
    content = torch.load(LAST, weights_only=True)
    del content["run_record"]  # the format of older versions
    torch.save(content, LAST)
    facts = json.loads((FOLDER / "run.json").read_text())
    del facts["data"]["splits"], facts["data"]["changes"], facts["overrides"]
    (FOLDER / "run.json").write_text(json.dumps(facts))
    ended = grown(*FIT, "3")
    assert ended.status == 1
    assert "the train examples differ (sha256 " in ended.err
    for i in (10, 11):
        Path(f"grow/{i}.png").unlink()
    ended = grown(*FIT, "3")
    assert ended.status == 0, ended.err
    data = json.loads((FOLDER / "run.json").read_text())["data"]
    assert data["sha256"] == facts["data"]["sha256"] == data["splits"]["train"]["sha256"]


def test_a_run_resumed_again_after_a_change_equals_an_uninterrupted_one(grown):
    """An epoch of two minibatches becomes four after its first one, so that it ends at step 6."""
    for path in ("grow/10.png", "grow/11.png"):
        Path(path).unlink()
    assert grown(*FIT, "3").status == 0
    for i in range(10, 20):
        image(i)
    folders = [Path("runs/pictures", f"version_{i}/checkpoints/last.ckpt") for i in (1, 2)]
    for folder in folders:
        shutil.copytree(FOLDER, folder.parents[1])
    whole = grown("fit", "--ckpt_path", str(folders[0]), "--trainer.max_steps", "11", *YES)
    assert whole.status == 0, whole.err
    for steps, more in (("5", YES), ("6", ()), ("11", ())):
        line = ("fit", "--ckpt_path", str(folders[1]), "--trainer.max_steps", steps)
        ended = grown(*line, *more)
        assert ended.status == 0, ended.err
    one, other = (torch.load(folder, weights_only=True) for folder in folders)
    torch.testing.assert_close(one["state_dict"], other["state_dict"], rtol=0, atol=0)
    assert one["counts"] == other["counts"]


class UserData:
    """Data module of a user, with one split."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def images(self, split):
        return {"train": self.x}[split]

    def labels(self, split):
        return self.y


def test_the_digest_depends_on_every_bit_except_for_drawn_data():
    x, y = torch.rand(4, 1, 2, 2), torch.tensor([0, 1, 0, 1])
    before = data_digest.hash_data(UserData(x, y))
    assert list(before) == ["train"]
    assert (
        data_digest.describe_differences(before, data_digest.hash_data(UserData(x.clone(), y)))
        == []
    )
    other = x.clone()
    other[3, 0, 1, 1] += 1e-6
    for changed, said in (
        (UserData(other, y), "the train examples differ"),
        (UserData(x.flip(0), y), "the train examples differ"),
        (UserData(x, y.flip(0)), "the train labels differ"),
        (UserData(x[:3], y[:3]), "train had 4 examples and has 3"),
    ):
        (found,) = data_digest.describe_differences(before, data_digest.hash_data(changed))
        assert found.startswith(said)
    for drawn in (datamodules.Ring(), datamodules.FactorDigits(), object()):
        assert data_digest.hash_data(drawn) == {}


def test_a_change_in_either_domain_is_found(tmp_path):
    found = []
    for first in (0, 1):
        for i, name in enumerate(("trainA", "trainB", "testA", "testB")):
            write(tmp_path / name, 3, (16, 16), first=10 * i + (name == "testA") * first)
        data = datamodules.UnpairedFolders(str(tmp_path), load_size=16, crop_size=16)
        data.prepare_data()
        data.setup()
        found.append(data_digest.hash_data(data))
    assert data_digest.describe_differences(*found) == ["the test sources differ"]
    assert data_digest.describe_differences(found[0], found[0]) == []
