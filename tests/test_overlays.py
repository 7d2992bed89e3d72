"""Every partial config lies on every experiment that its first lines claim: the pair builds and trains a step."""

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

LIES_ON = re.compile(r"^# Lies on: (.+)$", re.MULTILINE)
OVERLAYS = {
    f"{path.parent.name}/{path.name}": LIES_ON.findall(path.read_text())
    for room in ("objectives", "variants", "networks")
    for path in sorted((CONFIGS / room).glob("*.yaml"))
}
PAIRS = [(name, e) for name, claims in OVERLAYS.items() for e in ", ".join(claims).split(", ") if e]


def test_every_overlay_says_on_what_it_lies():
    assert len(OVERLAYS) > 10
    assert [name for name, claims in OVERLAYS.items() if len(claims) != 1] == []
    assert {name for name, e in PAIRS if e == "ring.yaml"} == set(OVERLAYS)


def model_of(name):
    return yaml.safe_load((CONFIGS / name).read_text())["model"]


def holds(given, wanted):
    """Whether all that an overlay says stands in a run's config; classes by their last name."""
    if isinstance(wanted, dict):
        return all(key in given and holds(given[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(holds, given, wanted))
    if isinstance(wanted, str):
        return (given if isinstance(given, str) else given["class_path"]).endswith(wanted)
    return given == wanted


@pytest.fixture(scope="module")
def parser():
    """What reads a model on the command line."""
    parser = LightningArgumentParser()
    parser.add_argument("--config", action=ActionConfigFile)
    parser.add_lightning_class_args(AdversarialModel, "model", subclass_mode=True)
    return parser


@pytest.fixture(scope="module")
def ring():
    """Few points."""
    return Ring(batch_size=10, seed=0)


def weights(model):
    """Of both networks; D's last bias is left out, which some objectives do not see."""
    return [p for p in model.parameters() if p.dim() > 1 and p.requires_grad]


def test_it_lies_on_the_ring(parser, ring, tmp_path, subtests):
    below = tmp_path / "ring.yaml"
    below.write_text(yaml.safe_dump({"model": model_of("ring.yaml")}))
    for name in OVERLAYS:
        with subtests.test(name):
            asked = parser.parse_args(["--config", str(below), "--config", str(CONFIGS / name)])
            assert holds(asked.as_dict()["model"], model_of(name))
            seed_single_thread(0)
            model = parser.instantiate_classes(asked).model
            before = [w.clone() for w in weights(model)]
            train_in_memory(model, ring, 1)
            assert model.g_updates == 1
            moved = [not old.equal(new) for old, new in zip(before, weights(model), strict=True)]
            assert all(moved)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "experiment"), PAIRS)
def test_it_lies_on_all_that_it_claims(name, experiment, command, monkeypatch):
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
    assert holds(yaml.safe_load(config.read_text())["model"], model_of(name))
