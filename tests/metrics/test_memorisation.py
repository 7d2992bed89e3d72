"""Tests for memorized images: closed forms, and data with and without copies."""

import math
import os
from itertools import product
from pathlib import Path

import pytest
import torch
from stroke_images import random, strokes

from datamodules import MNIST
from lightning_gan.metrics.memorisation import (
    audit,
    crowding,
    nearest_distance,
    shift_blind_distance,
    shift_images,
)

SHARED = os.environ.get("LIGHTNING_GAN_SHARED", Path(__file__).parents[3] / "shared")
DIGITS = Path(SHARED, "data", "mnist")


def test_the_share_is_that_of_all_pairs():
    samples, held_out = torch.tensor([1.0, 3.0, 5.0]), torch.tensor([2.0, 3.0])
    # nearer: (1,2), (1,3); as near: (3,3); of six pairs
    found = audit(samples, held_out)
    assert found.share == pytest.approx(2.5 / 6)
    assert found.z == pytest.approx((3 - 2.5) / math.sqrt(6 / 12 * (6 - (2**3 - 2) / (5 * 4))))


def test_z_gives_the_p_value_of_scipy_with_and_without_ties(subtests):
    for levels in [1000, 7]:
        with subtests.test(levels=levels):
            samples, held_out = (random(n, seed=n).double().mul(levels).round() for n in (40, 60))
            found = audit(samples, held_out)
            theirs = pytest.importorskip("scipy.stats").mannwhitneyu(
                samples, held_out, alternative="two-sided", use_continuity=False
            )
            assert math.erfc(abs(found.z) / math.sqrt(2)) == pytest.approx(theirs.pvalue, rel=1e-9)
            assert found.share == pytest.approx(1 - theirs.statistic / (40 * 60))


def test_the_error_is_the_spread_of_the_share_over_draws():
    shares, errors = zip(
        *(audit(random(30, seed=2 * s), random(50, seed=2 * s + 1) ** 2)[:2] for s in range(400)),
        strict=True,
    )
    spread = torch.tensor(shares).std().item()
    assert torch.tensor(errors).mean().item() == pytest.approx(spread, rel=0.1)


def test_copies_have_a_share_of_one_and_distances_all_alike_say_nothing():
    found = audit(torch.zeros(50), torch.ones(50))
    assert (found.share, found.se) == (1, 0)
    assert found.z == pytest.approx(
        -math.sqrt(99)
    )  # the largest that U of 50 and 50 can be, with ties
    assert audit(torch.ones(9), torch.ones(5)) == (0.5, 0.0, 0.0)


def test_fewer_than_two_distances_are_refused(subtests):
    for m, n in [(1, 5), (5, 1), (0, 5)]:
        with subtests.test(m=m, n=n):
            with pytest.raises(ValueError, match=rf"\[{m}\] and \[{n}\]: give"):
                audit(torch.ones(m), torch.ones(n))


def test_the_distance_to_an_example_itself_is_exactly_zero():
    sample_set = 100 + random(30, 1, 5, 5)
    distances = nearest_distance(
        torch.cat([sample_set[[4, 17]], sample_set[:1] + 1e-3]), sample_set, block=7
    )
    assert distances[:2].tolist() == [0, 0]
    assert distances[2].item() == pytest.approx(5e-3, rel=0.02)


def test_a_shift_is_a_move_with_nothing_behind_it():
    image = torch.arange(1.0, 10).view(1, 1, 3, 3)
    moved = shift_images(image, 1)
    assert len(moved) == 9
    assert torch.equal(moved[4], image)
    assert moved[0][0, 0].tolist() == [[0, 0, 0], [0, 1, 2], [0, 4, 5]]


def test_the_shift_blind_distance_is_the_smallest_over_moves_of_both_axes():
    x, sample_set = random(5, 1, 6, 6), random(11, 1, 6, 6, seed=1)
    slow = []
    for image in x:
        canvas = torch.zeros(1, 10, 10)
        canvas[:, 2:8, 2:8] = image
        moved = [canvas[:, i : i + 6, j : j + 6] for i, j in product(range(5), repeat=2)]
        slow.append(min((m - b).norm().item() for m in moved for b in sample_set))
    assert shift_blind_distance(x, sample_set, 2, block=4).tolist() == pytest.approx(slow, rel=1e-5)


def test_without_reach_it_is_the_distance_of_pixels():
    x, sample_set = random(5, 1, 6, 6), random(11, 1, 6, 6, seed=1)
    assert torch.equal(shift_blind_distance(x, sample_set, 0), nearest_distance(x, sample_set))


def test_a_negative_reach_is_refused():
    with pytest.raises(ValueError, match="reach is -1; give"):
        shift_blind_distance(random(2, 1, 4, 4), random(2, 1, 4, 4), -1)


def test_crowding_is_the_nearest_distance_over_the_mean_of_k():
    sample_set = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
    assert crowding(torch.tensor([[0.5], [10.0], [2.0]]), sample_set, k=3, block=2).tolist() == (
        pytest.approx([0.5 / ((0.5 + 0.5 + 1.5) / 3), 1 / ((1 + 8 + 9) / 3), 0.0])
    )


def test_crowding_is_blind_to_scale_and_to_copies_of_copies_is_zero():
    x, sample_set = random(6, 3), random(40, 3, seed=1)
    assert torch.allclose(
        crowding(3 * x, 3 * sample_set, 10), crowding(x, sample_set, 10), rtol=1e-5
    )
    assert crowding(torch.zeros(1, 3), torch.zeros(60, 3)).item() == 0


def test_more_neighbours_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"The 50 nearest neighbours of \[2, 3\] in \[40, 3\]"):
        crowding(random(2, 3), random(40, 3))


def split_strokes():
    images = strokes(900, seed=0).view(-1, 1, 28, 28)
    images[..., [0, 1, -2, -1]] = 0  # an empty edge, as MNIST has
    images[..., [0, 1, -2, -1], :] = 0
    return images[:600], images[600:750], images[750:]


def split_digits():
    data = MNIST(root=str(DIGITS), source="files")
    data.prepare_data()
    sample_set, test = data.images("train")[:2000], data.images("test")
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    return sample_set, test[order[:100]], test[order[100:200]]


@pytest.fixture(
    params=[
        pytest.param(split_strokes, id="strokes"),
        pytest.param(
            split_digits,
            id="mnist",
            marks=pytest.mark.skipif(not DIGITS.is_dir(), reason="no real MNIST in shared/data"),
        ),
    ]
)
def examples(request):
    """Training images, held-out images, and as many held-out ones again."""
    return request.param()


def test_it_catches_moved_copies_which_pixels_miss(examples):
    sample_set, held_out, _ = examples
    generator = torch.Generator().manual_seed(0)
    which = torch.randint(1, 3, (len(held_out), 2), generator=generator)
    copies = torch.stack(
        [x.roll(s.tolist(), (1, 2)) for x, s in zip(sample_set, which, strict=False)]
    )
    by_pixel = audit(nearest_distance(copies, sample_set), nearest_distance(held_out, sample_set))
    assert by_pixel.z > -3
    blind = audit(
        shift_blind_distance(copies, sample_set), shift_blind_distance(held_out, sample_set)
    )
    assert blind.share > 0.99
    assert blind.z < -10


def test_it_does_not_accuse_held_out_images(examples):
    sample_set, held_out, others = examples
    for distance in (nearest_distance, shift_blind_distance):
        found = audit(distance(others, sample_set), distance(held_out, sample_set))
        assert abs(found.z) < 3
        assert found.share == pytest.approx(0.5, abs=4 * found.se)
