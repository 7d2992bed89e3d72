"""What the flight recorder reads of the parameters at each step, and what it finds with so little."""

import torch
from model_factory import make_model
from test_replay import At, crashed, poisoned
from torch import nn

from callbacks.flight_recorder import copy_batch
from lightning_gan.debugging import step_record
from lightning_gan.debugging.replay import replay_steps


def test_all_values_are_read_in_turn_and_few_at_once(monkeypatch):
    monkeypatch.setattr(step_record, "LENGTH", 4)
    parameters = [torch.zeros(2, 5), torch.zeros(3), torch.zeros(())]
    turns = [step_record.select_model_parts(parameters, turn) for turn in range(3)]
    assert turns[0] == [[0, 4], [0, 3], [0, 1]]
    assert [turn[0] for turn in turns] == [[0, 4], [4, 8], [8, 10]]
    assert {tuple(part) for turn in turns for part in turn[1:]} == {(0, 3), (0, 1)}


def test_the_norms_are_those_of_the_parts():
    p, q = torch.arange(6.0).view(2, 3), torch.full([2], 3.0)
    found = step_record.measure_norms([p, q], [[1, 3], [0, 2]])
    torch.testing.assert_close(list(found), [torch.tensor(5.0).sqrt(), torch.tensor(18.0).sqrt()])


def test_a_change_in_place_and_other_memory_leave_a_mark():
    p, q, r = (nn.Parameter(torch.ones(4)) for _ in range(3))
    before = step_record.mark_tensors([p, q, r])
    with torch.no_grad():
        q.mul_(2)
    r.data = torch.full([4], 4.0)
    now = step_record.mark_tensors([p, q, r])
    seen = step_record.find_touched(["p", "q", "r"], [p, q, r], before, now)
    assert {n: norm.item() for n, norm in seen.items()} == {"q": 4, "r": 8}


def far(gan, batch):
    gan.discriminator.network[0].weight.data[2, 1] = 3.0  # its tenth value


def test_a_change_beyond_what_is_read_shows_in_the_next_loss(monkeypatch, tmp_path):
    monkeypatch.setattr(step_record, "LENGTH", 4)
    flight, other = crashed(tmp_path, At(2, far), At(3, poisoned))
    found = replay_steps(flight, other)
    assert found.suspect[:2] == (3, "outside")
    assert "loss of the discriminator" in found.suspect.name
    assert found.compared == found.equal + 1


def test_one_within_it_is_named(monkeypatch, tmp_path):
    flight, other = crashed(tmp_path, At(2, far), At(3, poisoned))
    assert replay_steps(flight, other).suspect.name == "discriminator.network.0.weight"


def same(gan, batch):
    for p in gan.parameters():
        p.mul_(1.0)


def test_a_parameter_that_was_written_as_it_was_is_no_suspect(tmp_path):
    flight, other = crashed(tmp_path, At(2, same), At(3, poisoned))
    names = [n for n, p in make_model().named_parameters() if p.requires_grad]
    assert [list(row) for row in flight["crash"]["touched"]] == [[], [], names, []]
    assert replay_steps(flight, other).suspect[:2] == (4, "minibatch")


def test_a_new_copy_lies_where_the_old_one_lay_and_is_its_own():
    first, second = {"a": [torch.ones(3), 1]}, {"a": [torch.full([3], 2.0), 7], "b": "more"}
    old = copy_batch(first)
    where = old["a"][0].data_ptr()
    new = copy_batch(second, old)
    assert new["a"][0].data_ptr() == where != second["a"][0].data_ptr()
    assert new["a"][0].tolist() == [2, 2, 2]
    assert (new["a"][1], new["b"]) == (7, "more")
    assert first["a"][0].tolist() == [1, 1, 1]
    assert copy_batch({"a": [torch.ones(4)]}, new)["a"][0].tolist() == [1, 1, 1, 1]
