"""Every config that comes with the suite builds, says where it comes from, and trains a step."""

import re

import pytest
from tiny_cifar import make_tiny_cifar

import datamodules
from lightning_gan.config_files import CONFIGS

EXPERIMENTS = sorted(p.name for p in CONFIGS.glob("*.yaml") if p.name != "defaults.yaml")


def test_there_are_experiments():
    assert {"mnist.yaml", "mnist_2014.yaml", "cifar10_smoke.yaml"} <= set(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_trains_a_step_and_scores_it(name, command, monkeypatch):
    monkeypatch.setattr(
        datamodules.CIFAR10, "files", make_tiny_cifar(command.folder / "pixels").files
    )
    text = (CONFIGS / name).read_text()
    fewer = ["--data.validation", "10"] if "validation:" in text else []  # there are 60 images
    ended = command(
        "fit", "--config", name, "--data.root", "pixels", "--data.batch_size", "10", "--trainer.max_steps", "1",
        "--trainer.accelerator", "cpu", *fewer,
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "test/value" in ended.out
    assert ("test/parzen_nats" in ended.out) == ("ParzenLogLikelihood" in text)
    assert "step 1/1" in ended.out


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_its_first_line_says_what_it_is(name):
    first = (CONFIGS / name).read_text().splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 20


def test_every_setting_of_2014_names_its_source():
    text = (CONFIGS / "mnist_2014.yaml").read_text()
    model = text.split("model:")[1].split("data:\n")[0]
    values = [
        line for line in model.splitlines() if re.search(r"\d", line.split("#")[0].split(":")[-1])
    ]
    assert len(values) > 20
    unsourced = [
        v
        for v in values
        if not re.search(r"# \[(yaml|paper|pylearn2)\]", v) and "data_shape" not in v
    ]
    assert not unsourced
