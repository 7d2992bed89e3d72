"""Every overlay config builds and trains a step on every experiment that its header lists."""

import inspect
import re

import pytest
import yaml
from jsonargparse import ActionConfigFile
from pytorch_lightning.cli import LightningArgumentParser
from tiny_cifar import make_tiny_cifar

import datamodules
from datamodules import Ring
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory
from lightning_gan.utils.config_files import CONFIGS

HEADER = re.compile(r"^# Overlay for: (.+)$", re.MULTILINE)
OVERLAYS = {
    f"{path.parent.name}/{path.name}": HEADER.findall(path.read_text())
    for folder in ("objectives", "variants", "networks")
    for path in sorted((CONFIGS / folder).glob("*.yaml"))
}
PAIRS = [(name, e) for name, lists in OVERLAYS.items() for e in ", ".join(lists).split(", ") if e]


def test_every_overlay_lists_its_experiments():
    assert len(OVERLAYS) > 10
    assert [name for name, lists in OVERLAYS.items() if len(lists) != 1] == []
    assert {name for name, e in PAIRS if e == "ring.yaml"} == set(OVERLAYS)


def read_model(name):
    return yaml.safe_load((CONFIGS / name).read_text())["model"]


def contains(given, wanted):
    """Return whether a run's config contains all settings of an overlay; classes are compared by their last name."""
    if isinstance(wanted, dict):
        return all(key in given and contains(given[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(contains, given, wanted))
    if isinstance(wanted, str):
        return (given if isinstance(given, str) else given["class_path"]).endswith(wanted)
    return given == wanted


@pytest.fixture(scope="module")
def parser():
    """Parser of the setting `model`."""
    parser = LightningArgumentParser()
    parser.add_argument("--config", action=ActionConfigFile)
    parser.add_lightning_class_args(AdversarialModel, "model", subclass_mode=True)
    return parser


@pytest.fixture(scope="module")
def ring():
    """Data of the ring with small minibatches."""
    return Ring(batch_size=10, seed=0)


def weights(model):
    """Return the weights of both networks without biases: some objectives do not depend on D's last bias."""
    return [p for p in model.parameters() if p.dim() > 1 and p.requires_grad]


def test_every_overlay_trains_on_the_ring(parser, ring, tmp_path, subtests):
    below = tmp_path / "ring.yaml"
    below.write_text(yaml.safe_dump({"model": read_model("ring.yaml")}))
    for name in OVERLAYS:
        with subtests.test(name):
            asked = parser.parse_args(["--config", str(below), "--config", str(CONFIGS / name)])
            assert contains(asked.as_dict()["model"], read_model(name))
            seed_single_thread(0)
            model = parser.instantiate_classes(asked).model
            before = [w.clone() for w in weights(model)]
            train_in_memory(model, ring, 1)
            assert model.g_updates == 1
            moved = [not old.equal(new) for old, new in zip(before, weights(model), strict=True)]
            assert all(moved)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "experiment"), PAIRS)
def test_every_overlay_trains_on_its_experiments(name, experiment, command, monkeypatch):
    monkeypatch.setattr(
        datamodules.CIFAR10, "files", make_tiny_cifar(command.folder / "pixels").files
    )
    text = (CONFIGS / experiment).read_text()
    kind = re.search(r"^data:\n  class_path: (\w+)", text, re.MULTILINE)[1]
    files = "root" in inspect.signature(getattr(datamodules, kind)).parameters
    fewer = ["--data.validation", "10"] if " validation:" in text else []  # there are 60 images
    ended = command(
        "fit", "--config", experiment, "--config", name, *["--data.root", "pixels"] * files, *fewer,
        "--data.batch_size", "10", "--trainer.max_steps", "1", "--trainer.accelerator", "cpu",
        "--trainer.callbacks", "[]", "--trainer.limit_test_batches", "1",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "step 1/1" in ended.out
    (config,) = (command.folder / "runs").rglob("version_0/config.yaml")
    assert contains(yaml.safe_load(config.read_text())["model"], read_model(name))
