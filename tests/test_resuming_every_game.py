"""Every game that comes with the suite, stopped behind any minibatch and resumed, ends as the one never stopped."""

import inspect
import random
import re

import pytest
import torch
from stopping import SaveAt, fit, parts, scrambled
from test_configs import EXPERIMENTS, FEWER_LABELS, FEWER_UNITS
from tiny_cifar import make_tiny_cifar
from tiny_tfd import write_tiny_stage_1, write_tiny_tfd

import datamodules
import datamodules.factors
import datamodules.toy
from lightning_gan.config_files import CONFIGS, find
from lightning_gan.gan_cli import GANCLI

STEPS = 6  # updates of G: more than an epoch of the tiny data


@pytest.fixture(scope="module")
def parser():
    """The command line's, made once: that is the slow part."""
    with pytest.MonkeyPatch.context() as patch:
        made = []
        patch.setattr(GANCLI, "parse_arguments", lambda self, parser, _: made.append(parser))
        patch.setattr(GANCLI, "_parse_ckpt_path", lambda _: 1 / 0)
        with pytest.raises((ZeroDivisionError, AttributeError)):
            GANCLI("any")
    return made[0]


@pytest.fixture
def built(command, monkeypatch, parser):
    """Builds a config in small, with as many updates of D as are asked where the game lets one ask."""
    monkeypatch.setattr(
        datamodules.CIFAR10, "files", make_tiny_cifar(command.folder / "pixels").files
    )
    for what in ("files", "train_size", "folders"):
        monkeypatch.setattr(datamodules.FashionMNIST, what, getattr(datamodules.MNIST, what))
    for module in (datamodules.factors, datamodules.toy):
        monkeypatch.setattr(module, "SIZES", {"train": 60, "val": 10, "test": 10})
    write_tiny_tfd(command.folder / "pixels")
    write_tiny_stage_1(command.folder)

    def build(name, k):
        text = (CONFIGS / name).read_text()
        data = re.search(r"^data:\n  class_path: (\w+)", text, re.MULTILINE)[1]
        small = ["--data.batch_size", "10", "--trainer.callbacks", "null"]
        if "root" in inspect.signature(getattr(datamodules, data)).parameters:
            small += ["--data.root", "pixels"]
        if " validation:" in text:
            small += ["--data.validation", "10"]
        small += [*FEWER_UNITS.get(name, ()), *FEWER_LABELS.get(name, ())]
        kind = re.search(r"^model:\n  class_path: (\w+)", text, re.MULTILINE)[1]
        small += ["--model.k", str(k)] if kind != "SimultaneousGAN" else []  # it has none
        settings = parser.parse_args(["fit", "--config", find(name), *small])
        torch.manual_seed(0)
        made = parser.instantiate_classes(settings).fit
        made.data.seed = 0
        return made.model, made.data

    return build


def holds(name, k, stops, built, folder):
    """The run never stopped, and a run from each of its stops by other random numbers and from other weights."""
    gan, data = built(name, k)
    before_the_end = range(1, STEPS * getattr(gan, "k", 1))
    places = sorted(
        random.Random(f"{name} {k}").sample(before_the_end, min(stops, len(before_the_end)))
    )
    save = SaveAt(places, folder / "stops")
    whole = parts(fit(gan, data, folder / "whole", STEPS, 0, save))
    for place in places:
        resumed = fit(scrambled(gan), data, folder / f"{place}", STEPS, 99, ckpt=save.path(place))
        again = parts(resumed)
        assert [key for key in whole | again if whole.get(key) != again.get(key)] == [], place


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stopped_at_two_places_it_ends_in_the_same_state(name, built, tmp_path):
    holds(name, 2, 2, built, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stopped_at_ten_places_it_ends_in_the_same_state(name, k, built, tmp_path):
    holds(name, k, 10, built, tmp_path)
