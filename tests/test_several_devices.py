"""Several devices are one device: the same weights after 50 steps, for every kind of game, and the same scores."""

import os
import warnings
from pathlib import Path

import pytest
import torch
from pairs import on_two_processes, there
from several import (
    GAMES,
    POLICY,
    Pictures,
    adam,
    as_rank,
    largest_difference,
    played,
    quiet_trainer,
    sgd,
)
from torch import Tensor

from callbacks import ClassificationError, ModeCoverage
from datamodules import Ring
from lightning_gan import GAN, devices
from lightning_gan.networks import PlainDiscriminator, PlainGenerator
from lightning_gan.networks.layers import Dropout

FEW = ("GAN, dropout and noise", "simultaneous, gradient penalty", "feature matching")
ADAM = ("GAN, dropout and noise", "augmentation", "semi-supervised")
# this game lets rounding grow: 4e-8 after 1 step, 2e-7 after 5, 3e-6 after 20, 1.5e-5 after 50
GROWS = {"minibatch discrimination, R1, sgd": 1e-4}
LOOKED_AT = {"test/modes", "test/high_quality", "test/reverse_kl", "test/error"}
States = dict[str, dict[str, Tensor]]


def asked() -> list[tuple[str, str]]:
    """Games and their players' optimizers."""
    if "ALL_GAMES" not in os.environ:
        return [(name, "sgd") for name in FEW]
    return [(name, "sgd") for name in GAMES] + [(name, "adam") for name in ADAM]


def all_of(count: int) -> States:
    rules = {"sgd": sgd, "adam": adam}
    return {f"{name}, {rule}": played(name, count, rules[rule]) for name, rule in asked()}


def scores(count: int) -> dict[str, float]:
    """Of callbacks that share their work, where the shares are uneven."""
    torch.manual_seed(0)
    points = GAN(PlainGenerator([2], widths=[8]), PlainDiscriminator([2], widths=[8]), **POLICY)
    found: dict[str, float] = {}
    for game, data, look in (
        (points, Ring(), ModeCoverage(num_samples=37, near=1000.0)),
        (GAMES["semi-supervised"](count), Pictures(), ClassificationError()),
    ):
        place = Path(os.environ["SCORES"]) / f"{count}"
        run = quiet_trainer(count, callbacks=[look], default_root_dir=place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (logged,) = run.test(game, data, verbose=False)
        found |= logged
    return {name: value for name, value in found.items() if name in LOOKED_AT}


def one_of_two(rank: int) -> tuple[States, dict[str, float]]:
    as_rank(rank)
    return all_of(2), scores(2)


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that it is forgotten in the end
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCORES", str(tmp_path / "scores"))


def two_devices_play_what_one_plays(folder: Path) -> None:
    (here, seen_here), (beside, seen_beside) = on_two_processes(one_of_two, __file__, folder)
    for name in ("LOCAL_RANK", "WORLD_SIZE", "NODE_RANK"):
        os.environ.pop(name, None)
    alone = all_of(1)
    seen_alone = scores(1)
    assert seen_alone.keys() == LOOKED_AT
    assert 0 < seen_alone["test/error"] < 1
    assert 0 < seen_alone["test/reverse_kl"] < 3
    assert seen_here == seen_beside == pytest.approx(seen_alone, rel=1e-6)
    assert here.keys() == beside.keys() == alone.keys()
    for name, state in alone.items():
        start = played(name.rpartition(", ")[0], 1, steps=0)
        assert largest_difference(state, start) > 1e-2, f"{name}: nobody moved"
        assert largest_difference(here[name], beside[name]) == 0, name
    apart = {name: largest_difference(here[name], state) for name, state in alone.items()}
    assert {name: far for name, far in apart.items() if far > GROWS.get(name, 1e-6)} == {}


def test_two_devices_play_what_one_plays(environment, tmp_path):
    two_devices_play_what_one_plays(tmp_path)


@pytest.mark.slow
def test_two_devices_play_what_one_plays_in_every_game(environment, monkeypatch, tmp_path):
    monkeypatch.setenv("ALL_GAMES", "1")
    two_devices_play_what_one_plays(tmp_path)


class Two:
    """This process as one of two, without the other."""

    def __init__(self, monkeypatch, place):
        monkeypatch.setattr(devices, "count", lambda: 2)
        monkeypatch.setattr(devices, "place", lambda: place)


def test_each_device_takes_its_rows_of_one_draw(monkeypatch):
    torch.manual_seed(3)
    whole = torch.rand(6, 2)
    parts = []
    for place in (0, 1):
        with monkeypatch.context() as patch:
            Two(patch, place)
            torch.manual_seed(3)
            parts.append(devices.rows(3, lambda n: torch.rand(n, 2)))
            assert torch.rand(1) != whole[0, 0]  # the generators stand where they stood together
    assert torch.equal(torch.cat(parts), whole)


def test_a_dropout_of_nothing_draws_for_nobody(monkeypatch):
    Two(monkeypatch, 1)
    asked, x = [], torch.ones(3, 2)
    monkeypatch.setattr(devices, "rows", lambda n, draw: asked.append(n) or torch.ones(n, 2))
    assert Dropout(0.0)(x).equal(x)
    assert asked == []
    Dropout(0.5)(x)
    assert asked == [3]


def test_one_device_draws_no_more_than_its_own():
    asked = []
    devices.rows(3, lambda n: asked.append(n) or torch.zeros(n))
    assert asked == [3]


if __name__ == "__main__":
    there(one_of_two)
