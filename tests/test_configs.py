"""Every config of the suite builds, names its sources, and trains a step."""

import inspect
import re

import pytest
from tiny_cifar import make_tiny_cifar
from tiny_tfd import TINY, write_tiny_stage_1, write_tiny_tfd

import datamodules
import datamodules.factors
from lightning_gan.utils.config_files import CONFIGS

EXPERIMENTS = sorted(p.name for p in CONFIGS.glob("*.yaml") if p.name != "defaults.yaml")

GENERATOR, DISCRIMINATOR = "--model.generator.init_args.", "--model.discriminator.init_args."
FEWER_UNITS = {  # for networks whose step would take seconds
    "cifar10_fully_connected_goodfellow2014.yaml": [f"{GENERATOR}widths", "[20, 30]", f"{DISCRIMINATOR}widths",
    "[8, 8]"],
    "cifar10_convolutional_goodfellow2014.yaml": [
        f"{GENERATOR}widths", "[20]", f"{GENERATOR}maps", "[2, 10, 10]", f"{DISCRIMINATOR}units", "8",
    ],
    "cifar10_dcgan.yaml": [f"{GENERATOR}width", "4", f"{DISCRIMINATOR}width", "4"],
    "cifar10_sngan.yaml": [
        f"{GENERATOR}width", "4", f"{DISCRIMINATOR}discriminator.init_args.width", "4", "--model.k", "1",
    ],
    "tfd_goodfellow2014_pretrain.yaml": [f"{GENERATOR}widths", str(TINY), f"{DISCRIMINATOR}widths", "[8, 8]"],
    "tfd_goodfellow2014.yaml": [
        f"{GENERATOR}width", "8", f"{GENERATOR}upper.init_args.widths", str(TINY), f"{DISCRIMINATOR}widths", "[8, 8]",
    ],
}  # fmt: skip
FEWER_LABELS = {  # the tiny data set has five of each class
    "mnist_semi_supervised.yaml": ["--model.labels_per_class", "2"]
}


def test_there_are_experiments():
    assert {"mnist.yaml", "mnist_goodfellow2014.yaml", "cifar10_smoke.yaml"} <= set(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_config_trains_and_scores_a_step(name, command, monkeypatch):
    monkeypatch.setattr(
        datamodules.CIFAR10, "files", make_tiny_cifar(command.folder / "pixels").files
    )
    for what in ("files", "train_size", "folders"):  # the same tiny images as MNIST's
        monkeypatch.setattr(datamodules.FashionMNIST, what, getattr(datamodules.MNIST, what))
    monkeypatch.setattr(datamodules.factors, "SIZES", {"train": 60, "val": 10, "test": 10})
    write_tiny_tfd(command.folder / "pixels")
    write_tiny_stage_1(command.folder)
    text = (CONFIGS / name).read_text()
    kind = re.search(r"^data:\n  class_path: (\w+)", text, re.MULTILINE)[1]
    files = (
        "root" in inspect.signature(getattr(datamodules, kind)).parameters
    )  # data sets of points have none
    root = ["--data.root", "pixels"] if files else []
    batch = "1000" if kind in ("Ring", "Grid", "Gaussian1D") else "10"  # 10,000 test points
    fewer = ["--data.validation", "10"] if " validation:" in text else []  # of 60 images
    ended = command(
        "fit", "--config", name, *root, "--data.batch_size", batch, "--trainer.max_steps", "1",
        "--trainer.accelerator", "cpu", *fewer, *FEWER_UNITS.get(name, ()), *FEWER_LABELS.get(name, ()),
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "test/value" in ended.out
    assert ("test/parzen_nats" in ended.out) == ("ParzenLogLikelihood" in text)
    assert "step 1/1" in ended.out


def test_the_first_line_of_every_config_describes_it():
    for name in EXPERIMENTS:
        first = (CONFIGS / name).read_text().splitlines()[0]
        assert first.startswith("# "), name
        assert len(first) > 20, name


def test_every_setting_of_2014_names_its_source():
    sourced = re.compile(r"# \[(yaml|paper|pylearn2|code)\]|data_shape")
    of_2014 = [name for name in EXPERIMENTS if "2014" in name]
    assert of_2014
    for name in of_2014:
        model = (CONFIGS / name).read_text().split("model:")[1].split("data:\n")[0]
        numbers = [
            line
            for line in model.splitlines()
            if re.search(r"\d", line.split("#")[0].split(":")[-1])
        ]
        assert len(numbers) > 20, name
        assert [line for line in numbers if not sourced.search(line)] == [], name
