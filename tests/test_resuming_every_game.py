"""Every model that comes with the suite, stopped behind any minibatch and resumed, ends as the one never stopped."""

import inspect
import random
import re
import warnings
from functools import partial

import pytest
import torch
from stopping import SaveAt, fit, parts, scrambled
from test_configs import EXPERIMENTS, FEWER_LABELS, FEWER_UNITS
from tiny_cifar import make_tiny_cifar
from tiny_tfd import write_tiny_stage_1, write_tiny_tfd

import datamodules
import datamodules.factors
import datamodules.toy
from callbacks import ModeCollapseMonitor, RollbackOnCollapse
from lightning_gan.cli.lightning_cli import GANCLI
from lightning_gan.losses import NonSaturating
from lightning_gan.models import AdaptiveRatioGAN
from lightning_gan.networks import MaxoutDiscriminator, MLPGenerator
from lightning_gan.priors import Uniform
from lightning_gan.regularizers import R1
from lightning_gan.training.optimizers import LinearDecay
from lightning_gan.utils.config_files import CONFIGS, find_config

STEPS = 6  # updates of G: more than an epoch of the tiny data


@pytest.fixture(scope="module")
def parser():
    """The command line's, made once: that is the slow part."""
    with pytest.MonkeyPatch.context() as patch:
        made = []
        patch.setattr(GANCLI, "parse_arguments", lambda self, parser, _: made.append(parser))
        patch.setattr(GANCLI, "_parse_ckpt_path", lambda _: 1 / 0)
        with pytest.raises((ZeroDivisionError, AttributeError)):
            GANCLI(["fit"])
    return made[0]


@pytest.fixture
def built(command, monkeypatch, parser):
    """Builds a config in small, with as many updates of D as are asked where the model lets one ask."""
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
        settings = parser.parse_args(["fit", "--config", find_config(name), *small])
        for key, widths in list(settings.fit.model.items()):
            if key.endswith("widths") and name not in FEWER_UNITS:
                settings.fit.model[key] = [min(width, 32) for width in widths]
        torch.manual_seed(0)
        made = parser.instantiate_classes(settings).fit
        made.data.seed = 0
        return made.model, made.data

    return build


def holds(name, k, stops, built, folder, minibatches=0):
    """The run never stopped, and a run from each of its stops by other random numbers and from other weights."""
    gan, data = built(name, k)
    k_of_it = getattr(gan, "k", 1)
    steps = max(STEPS, minibatches // k_of_it)
    before_the_end = range(1, steps * k_of_it)
    places = sorted(random.Random(f"{name} {k}").sample(before_the_end, stops))
    save = SaveAt(places, folder / "stops")
    whole = parts(fit(gan, data, folder / "whole", steps, 0, save))
    for place in places:
        resumed = fit(scrambled(gan), data, folder / f"{place}", steps, 99, ckpt=save.path(place))
        again = parts(resumed)
        assert [key for key in whole | again if whole.get(key) != again.get(key)] == [], place


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stopped_at_two_places_it_ends_in_the_same_state(name, built, tmp_path):
    holds(name, 2, 2, built, tmp_path)


class CollapsesTwice(ModeCollapseMonitor):
    """Sees a collapse in its third look, and in its sixth."""

    def find_exceeded_limits(self, indicators):
        return ["collapsed"] if len(self.history) in (3, 6) else []


def test_controllers_penalties_and_roll_backs_go_on_where_they_were(command, tmp_path):
    torch.manual_seed(0)
    networks = (
        MLPGenerator([1, 28, 28], z_dim=4, widths=[8]),
        MaxoutDiscriminator([1, 28, 28], [4], 2),
    )
    model = AdaptiveRatioGAN(
        *networks, NonSaturating(), Uniform(), lead=0.05, most=3, ema_half_life=30.0, regularizers=[R1(1.0, every=3)],
        g_scheduler=partial(LinearDecay, total=20),
    )  # fmt: skip
    data, places = datamodules.MNIST("pixels", 10, seed=0), [2, 5, 6, 9, 11, 14]

    def watch():
        return CollapsesTwice(
            1, 4, start=0, patience=1, jacobian_points=0, response=RollbackOnCollapse(limit=5)
        )

    save = SaveAt(places, tmp_path / "stops")
    with pytest.warns(UserWarning, match="collapsed"):
        last = fit(model, data, tmp_path / "whole", STEPS, 0, watch(), save)
    whole = parts(last)
    assert last["callbacks"]["CollapsesTwice"]["response"]["returns"] == 2
    assert last["counts"]["d_updates"] > STEPS  # some steps took more than one update of D
    for place in places:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*collapsed")
            resumed = fit(
                scrambled(model),
                data,
                tmp_path / f"{place}",
                STEPS,
                99,
                watch(),
                ckpt=save.path(place),
            )
        again = parts(resumed)
        assert [key for key in whole | again if whole.get(key) != again.get(key)] == [], place


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stopped_at_ten_places_it_ends_in_the_same_state(name, k, built, tmp_path):
    holds(name, k, 10, built, tmp_path, minibatches=12)
