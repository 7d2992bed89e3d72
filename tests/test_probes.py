"""Classifiers on the features of D and on samples of G."""

import pytest
import torch
from bars import bars
from torch import nn
from torch.nn.functional import leaky_relu, max_pool2d

from lightning_gan.analysis.probes import (
    compute_nearest_neighbour_error,
    compute_svm_error,
    extract_pooled_features,
)
from lightning_gan.networks import DCGANDiscriminator, MLPDiscriminator


def test_features_are_the_pooled_activations_of_every_convolution():
    D = DCGANDiscriminator([1, 32, 32], width=3).eval()
    x = torch.rand(5, 1, 32, 32)
    first = leaky_relu(D.network[0](x), 0.2)  # [5, 3, 16, 16]
    second = D.network[1:5](D.network[0](x))  # [5, 6, 8, 8]
    third = D.network[5:8](second)  # [5, 12, 4, 4]
    wanted = [max_pool2d(first, 4), max_pool2d(second, 2), third]
    found = extract_pooled_features(D.train(), x, batch_size=2)
    assert found.shape == (5, (3 + 6 + 12) * 16)
    torch.testing.assert_close(found, torch.cat([w.flatten(1) for w in wanted], dim=1))
    assert D.training


def test_at_the_papers_width_there_are_28672_features():
    # D of 3 convolutions of 256, 512 and 1024 maps, pooled to 4 x 4: Radford et al. (2016), section 5.1
    with torch.device("meta"):
        D = DCGANDiscriminator([3, 32, 32], width=256)
        channels = [m.out_channels for m in D.modules() if isinstance(m, nn.Conv2d)]
    assert sum(channels) * 4**2 == 28_672


def test_a_d_without_convolutions_is_an_error():
    with pytest.raises(ValueError, match="MLPDiscriminator has no convolution"):
        extract_pooled_features(MLPDiscriminator([4]), torch.rand(2, 4))


def test_a_linear_machine_learns_a_plane_and_no_random_labels():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(300, 5, generator=rng)
    by_plane = (x[:, 0] > 0.3).long()
    by_chance = torch.randint(2, (300,), generator=rng)
    assert compute_svm_error(x[:200], by_plane[:200], x[200:], by_plane[200:]) < 0.05
    assert compute_svm_error(x[:200], by_chance[:200], x[200:], by_chance[200:]) > 0.3


def test_neighbours_with_right_labels_classify_and_with_wrong_labels_do_not():
    x, y = bars(200, seed=0)
    test, wanted = bars(100, seed=1)
    x, test = x.float(), test.float()
    assert compute_nearest_neighbour_error(x, y, test, wanted) < 0.1
    assert compute_nearest_neighbour_error(x, (y + 1) % 10, test, wanted) > 0.9


def test_invalid_arguments_are_errors(subtests):
    for wrong, message in [
        (lambda x, y: compute_svm_error(x, y[:1], x, y), "3 features with 1 labels"),
        (lambda x, y: compute_svm_error(x, y * 0, x, y), "fewer than two classes"),
        (lambda x, y: compute_nearest_neighbour_error(x, y, x[:0], y[:0]), "0 test images"),
    ]:
        with subtests.test(wrong=wrong, message=message):
            with pytest.raises(ValueError, match=message):
                wrong(torch.rand(3, 4), torch.tensor([0, 1, 0]))
