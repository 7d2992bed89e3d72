"""Detection of parameter changes between steps from versions, addresses and norms of slices."""

import torch
from model_factory import make_model
from test_replay import ChangeAt, crash_run, spoil_pixel
from torch import nn

from callbacks.flight_recorder import copy_batch
from lightning_gan.debugging import step_record
from lightning_gan.debugging.replay import replay_steps


def test_consecutive_intervals_read_consecutive_slices(monkeypatch):
    monkeypatch.setattr(step_record, "LENGTH", 4)
    parameters = [torch.zeros(2, 5), torch.zeros(3), torch.zeros(())]
    turns = [step_record.select_slices(parameters, turn) for turn in range(3)]
    assert turns[0] == [[0, 4], [0, 3], [0, 1]]
    assert [turn[0] for turn in turns] == [[0, 4], [4, 8], [8, 10]]
    assert {tuple(part) for turn in turns for part in turn[1:]} == {(0, 3), (0, 1)}


def test_norms_are_those_of_the_slices():
    p, q = torch.arange(6.0).view(2, 3), torch.full([2], 3.0)
    found = step_record.measure_norms([p, q], [[1, 3], [0, 2]])
    torch.testing.assert_close(list(found), [torch.tensor(5.0).sqrt(), torch.tensor(18.0).sqrt()])


def test_an_in_place_change_and_replaced_memory_are_detected():
    p, q, r = (nn.Parameter(torch.ones(4)) for _ in range(3))
    before = step_record.read_versions([p, q, r])
    with torch.no_grad():
        q.mul_(2)
    r.data = torch.full([4], 4.0)
    now = step_record.read_versions([p, q, r])
    touched = step_record.find_touched(["p", "q", "r"], [p, q, r], before, now)
    assert {n: norm.item() for n, norm in touched.items()} == {"q": 4, "r": 8}


def change_tenth(gan, batch):
    gan.discriminator.network[0].weight.data[2, 1] = 3.0  # its tenth value


def test_a_change_outside_of_the_slices_shows_in_the_next_loss(monkeypatch, tmp_path):
    monkeypatch.setattr(step_record, "LENGTH", 4)
    flight, other = crash_run(tmp_path, ChangeAt(2, change_tenth), ChangeAt(3, spoil_pixel))
    found = replay_steps(flight, other)
    assert found.suspect[:2] == (3, "outside")
    assert "the discriminator's loss" in found.suspect.name
    assert found.compared == found.equal + 1


def test_a_change_within_a_slice_is_named(monkeypatch, tmp_path):
    flight, other = crash_run(tmp_path, ChangeAt(2, change_tenth), ChangeAt(3, spoil_pixel))
    assert replay_steps(flight, other).suspect.name == "discriminator.network.0.weight"


def rewrite_equal_values(gan, batch):
    for p in gan.parameters():
        p.mul_(1.0)


def test_a_parameter_that_was_rewritten_with_equal_values_is_not_reported(tmp_path):
    flight, other = crash_run(tmp_path, ChangeAt(2, rewrite_equal_values), ChangeAt(3, spoil_pixel))
    names = [n for n, p in make_model().named_parameters() if p.requires_grad]
    assert [list(row) for row in flight["crash"]["touched"]] == [[], [], names, []]
    assert replay_steps(flight, other).suspect[:2] == (4, "minibatch")


def test_a_copy_of_a_batch_reuses_the_memory_of_the_last_copy():
    first, second = {"a": [torch.ones(3), 1]}, {"a": [torch.full([3], 2.0), 7], "b": "more"}
    old = copy_batch(first)
    where = old["a"][0].data_ptr()
    new = copy_batch(second, old)
    assert new["a"][0].data_ptr() == where != second["a"][0].data_ptr()
    assert new["a"][0].tolist() == [2, 2, 2]
    assert (new["a"][1], new["b"]) == (7, "more")
    assert first["a"][0].tolist() == [1, 1, 1]
    assert copy_batch({"a": [torch.ones(4)]}, new)["a"][0].tolist() == [1, 1, 1, 1]
