"""Streamed mean and covariance equal those of all vectors at once."""

import itertools
import math

import numpy as np
import pytest
import torch
from point_clouds import cloud

from lightning_gan.metrics import GaussianStatistics, Moments


def streamed(x: torch.Tensor, size: int) -> GaussianStatistics:
    moments = Moments(x.shape[1])
    for part in x.split(size):
        moments.update(part)
    return moments.compute()


def test_parts_of_any_size_give_numpys_mean_and_covariance(subtests):
    for offset, size in itertools.product([0.0, 100.0], [1, 7, 100]):
        with subtests.test(size=size, offset=offset):
            x = cloud(100, 6, offset=offset)
            n, mean, cov = streamed(x, size)
            expected = np.cov(x.double().numpy(), rowvar=False)
            assert n == 100
            assert mean.numpy() == pytest.approx(x.double().mean(0).numpy(), rel=1e-13)
            assert cov.numpy() == pytest.approx(expected, rel=1e-10, abs=1e-10 * expected.max())
            assert torch.equal(cov, cov.T)
            assert mean.dtype == cov.dtype == torch.float64


def test_an_empty_part_changes_nothing():
    x, moments = cloud(9, 3), Moments(3)
    for part in (x[:0], x, x[:0]):
        moments.update(part)
    assert torch.equal(moments.compute().cov, streamed(x, 9).cov)


def test_memory_does_not_grow_with_the_number_of_vectors():
    moments = Moments(5)

    def size() -> int:
        return sum(getattr(moments, name).untyped_storage().nbytes() for name in moments._defaults)

    before = size()
    for seed in range(20):
        moments.update(cloud(50, 5, seed))
    assert before == size() == 8 * (5 * 5 + 5 + 1)


def test_a_reset_forgets_and_no_checkpoint_remembers():
    moments = Moments(3)
    moments.update(cloud(40, 3, seed=1))
    assert moments.state_dict() == {}
    moments.reset()
    moments.update(cloud(9, 3))
    assert torch.equal(moments.compute().cov, streamed(cloud(9, 3), 9).cov)


def test_vectors_of_a_graph_do_not_keep_it():
    moments = Moments(3)
    moments.update(cloud(9, 3).requires_grad_())
    assert not moments.outer.requires_grad


def test_sums_made_in_inference_mode_go_on_outside():
    x, moments = cloud(9, 3), Moments(3)
    with torch.inference_mode():
        moments.reset()
        moments.update(x[:5])
    moments.update(x[5:])
    assert moments.compute().n == 9


def test_bad_vectors_are_named(subtests):
    for vectors, words in [
        (torch.ones(2, 4), r"The vectors have shape \[2, 4\]: give \[m, 3\]"),
        (torch.ones(3), r"have shape \[3\]: give \[m, 3\]"),
        (torch.tensor([[1, math.nan, 0], [0, 0, 0]]), "1 of 2 vectors contain NaN or infinity"),
        (torch.full((2, 3), math.inf), "2 of 2 vectors contain NaN or infinity"),
    ]:
        with subtests.test(vectors=vectors, words=words):
            with pytest.raises(ValueError, match=words):
                Moments(3).update(vectors)


def test_a_covariance_of_fewer_than_two_is_refused(subtests):
    for n in [0, 1]:
        with subtests.test(n=n):
            moments = Moments(3)
            moments.update(torch.ones(n, 3))
            with pytest.raises(ValueError, match=f"there are {n}: give more"):
                moments.compute()


def test_vectors_of_no_values_are_refused():
    with pytest.raises(ValueError, match="dim is 0; give"):
        Moments(0)
