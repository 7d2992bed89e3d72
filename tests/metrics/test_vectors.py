"""Vectors are returned in the order of the sample set."""

import math

import pytest
import torch
from point_clouds import cloud

from lightning_gan.metrics import Vectors


def test_vectors_stand_at_their_places_whenever_they_came():
    x, order = cloud(20, 3), torch.randperm(20, generator=torch.Generator().manual_seed(0))
    vectors = Vectors()
    for places in (order[:0], order[:7], order[7:]):
        vectors.update(x[places], places)
    assert torch.equal(vectors.compute(), x)


def test_states_take_four_bytes_a_value_and_are_in_no_checkpoint():
    vectors = Vectors()
    vectors.update(cloud(20, 3).double(), torch.arange(20))
    assert sum(part.nbytes for part in vectors.flat) == 20 * 3 * 4
    assert vectors.state_dict() == {}
    assert vectors.compute().dtype == torch.float32


def test_a_reset_forgets():
    vectors = Vectors()
    vectors.update(cloud(20, 3), torch.arange(20))
    vectors.reset()
    with pytest.raises(ValueError, match="There are no vectors"):
        vectors.compute()
    vectors.update(cloud(4, 3, seed=1), torch.arange(4))
    assert torch.equal(vectors.compute(), cloud(4, 3, seed=1))


def test_a_place_that_is_missing_or_came_twice_is_refused(subtests):
    for places in [[0, 1, 1], [0, 1, 3]]:
        with subtests.test(places=places):
            vectors = Vectors()
            vectors.update(cloud(3, 2), torch.tensor(places))
            with pytest.raises(ValueError, match="give each sample of the sample set once"):
                vectors.compute()


def test_bad_input_is_named(subtests):
    for x, places, words in [
        (torch.ones(2, 4), [0, 1], r"have shape \[2, 4\]: give \[m, 3\]"),
        (torch.ones(2, 3), [0], "2 samples have indices"),
        (torch.ones(2, 3), [0, -1], r"\[0, -1\]"),
        (torch.ones(2, 3) * math.nan, [0, 1], "2 of 2 vectors contain NaN"),
        (torch.ones(2, 0), [0, 1], r"\[2, 0\]"),
    ]:
        with subtests.test(x=x, places=places, words=words):
            with pytest.raises(ValueError, match=words):
                Vectors(3).update(x, torch.tensor(places))
