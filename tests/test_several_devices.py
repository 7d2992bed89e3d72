"""Several devices are one device: the same weights after 50 steps, for every kind of game."""

import os
from pathlib import Path

import pytest
import torch
from pairs import on_two_processes, there
from several import GAMES, adam, as_rank, largest_difference, played, sgd
from torch import Tensor

from lightning_gan import devices

FEW = ("GAN, dropout and noise", "simultaneous, gradient penalty", "feature matching")
ADAM = ("GAN, dropout and noise", "augmentation", "semi-supervised")
States = dict[str, dict[str, Tensor]]


def asked() -> list[tuple[str, str]]:
    """Games and their players' optimizers."""
    if "ALL_GAMES" not in os.environ:
        return [(name, "sgd") for name in FEW]
    return [(name, "sgd") for name in GAMES] + [(name, "adam") for name in ADAM]


def all_of(count: int) -> States:
    rules = {"sgd": sgd, "adam": adam}
    return {f"{name}, {rule}": played(name, count, rules[rule]) for name, rule in asked()}


def one_of_two(rank: int) -> States:
    as_rank(rank)
    return all_of(2)


@pytest.fixture
def environment(monkeypatch):
    for name in ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that they are forgotten in the end


def two_devices_play_what_one_plays(folder: Path) -> None:
    here, beside = on_two_processes(one_of_two, __file__, folder)
    for name in ("LOCAL_RANK", "WORLD_SIZE", "NODE_RANK"):
        os.environ.pop(name)
    alone = all_of(1)
    assert here.keys() == beside.keys() == alone.keys()
    for name, state in alone.items():
        start = played(name.rpartition(", ")[0], 1, steps=0)
        assert largest_difference(state, start) > 1e-2, f"{name}: nobody moved"
        assert largest_difference(here[name], beside[name]) == 0, name
        assert largest_difference(here[name], state) <= 1e-6, name


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


def test_one_device_draws_no_more_than_its_own():
    asked = []
    devices.rows(3, lambda n: asked.append(n) or torch.zeros(n))
    assert asked == [3]


if __name__ == "__main__":
    there(one_of_two)
