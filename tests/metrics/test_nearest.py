"""Nearest neighbours in pixel space."""

import pytest
import torch

from lightning_gan.metrics.nearest import find_nearest


def test_it_is_the_smallest_distance_whatever_the_block(subtests):
    for block in [1, 3, 7, 100]:
        with subtests.test(block=block):
            torch.manual_seed(0)
            x, sample_set = torch.rand(9, 1, 2, 2), torch.rand(20, 1, 2, 2)
            slow = [
                min(range(20), key=lambda j: (a - sample_set[j]).square().sum().item()) for a in x
            ]
            assert find_nearest(x, sample_set, block=block).tolist() == slow


def test_an_image_of_the_sample_set_finds_itself():
    sample_set = torch.rand(30, 1, 3, 3)
    assert find_nearest(sample_set[[4, 17]], sample_set, block=10).tolist() == [4, 17]


def test_another_shape_or_an_empty_sample_set_is_refused():
    with pytest.raises(ValueError, match=r"shape \[2, 3\], the sample set \[0, 3\]"):
        find_nearest(torch.rand(2, 3), torch.rand(0, 3))
