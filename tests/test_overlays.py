"""Every partial config lies on every experiment that its first lines claim: the pair builds and trains a step."""

import inspect
import re

import pytest
import yaml
from tiny_cifar import make_tiny_cifar

import datamodules
from lightning_gan.config_files import CONFIGS

LIES_ON = re.compile(r"^# Lies on: (.+)$", re.MULTILINE)
OVERLAYS = {
    f"{path.parent.name}/{path.name}": LIES_ON.findall(path.read_text())
    for room in ("objectives", "variants", "networks")
    for path in sorted((CONFIGS / room).glob("*.yaml"))
}
PAIRS = [(name, e) for name, claims in OVERLAYS.items() for e in ", ".join(claims).split(", ") if e]
FIRST = [(name, e) for name, e in PAIRS if e == "ring.yaml"]


def test_every_overlay_says_on_what_it_lies():
    assert len(OVERLAYS) > 10
    assert [name for name, claims in OVERLAYS.items() if len(claims) != 1] == []
    assert {name for name, _ in FIRST} == set(OVERLAYS)


def lie_together(name, experiment, command, monkeypatch):
    """One update of G; the model of the run's own config."""
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
    return yaml.safe_load(config.read_text())["model"]


def holds(given, wanted):
    """Whether all that an overlay says stands in the run's config; classes by their last name."""
    if isinstance(wanted, dict):
        return all(key in given and holds(given[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(holds, given, wanted))
    if isinstance(wanted, str):
        return (given if isinstance(given, str) else given["class_path"]).endswith(wanted)
    return given == wanted


@pytest.mark.parametrize(("name", "experiment"), FIRST)
def test_it_lies_on_the_ring(name, experiment, command, monkeypatch):
    model = lie_together(name, experiment, command, monkeypatch)
    assert holds(model, yaml.safe_load((CONFIGS / name).read_text())["model"])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "experiment"), [p for p in PAIRS if p not in FIRST])
def test_it_lies_on_all_else_that_it_claims(name, experiment, command, monkeypatch):
    model = lie_together(name, experiment, command, monkeypatch)
    assert holds(model, yaml.safe_load((CONFIGS / name).read_text())["model"])
