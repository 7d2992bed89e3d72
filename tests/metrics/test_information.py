"""Mutual information against closed forms."""

import math

import pytest
import torch

from lightning_gan.metrics.information import mutual_information


def test_what_is_always_right_tells_everything_and_what_is_apart_tells_nothing():
    assert mutual_information(torch.eye(10) * 7) == pytest.approx(math.log(10))
    assert mutual_information(
        torch.outer(torch.tensor([1, 2, 3]), torch.tensor([4, 5]))
    ) == pytest.approx(0)


def test_a_channel_with_evenly_spread_errors():
    a = 0.9
    counts = torch.full((10, 10), (1 - a) / 9).fill_diagonal_(a)
    expected = math.log(10) + a * math.log(a) + (1 - a) * math.log((1 - a) / 9)
    assert mutual_information(counts) == pytest.approx(expected, abs=1e-6)


def test_what_is_no_table_of_counts_is_refused(subtests):
    for counts in [torch.zeros(2, 2), torch.tensor([[1, -1], [1, 1]]), torch.ones(3)]:
        with subtests.test(counts=counts):
            with pytest.raises(ValueError, match="give a table"):
                mutual_information(counts)
