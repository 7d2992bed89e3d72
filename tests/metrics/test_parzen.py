"""The Parzen window of 2014: accumulation, protocol, anchors on real MNIST."""

import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from stroke_images import in_float64, random, strokes
from torch import Tensor

from lightning_gan.metrics import (
    SIGMAS_2014,
    ParzenWindow,
    compute_parzen_score,
    parzen_log_likelihood,
)

SHARED = os.environ.get("LIGHTNING_GAN_SHARED")
PROJECT = Path(__file__).parents[2]
MNIST = (Path(SHARED) if SHARED else PROJECT.parent / "shared") / "data" / "mnist"


def test_the_grid_of_2014_is_ten_points_from_a_tenth_to_one():
    assert SIGMAS_2014 == pytest.approx(np.logspace(-1, 0, 10), rel=1e-14)


def test_window_accumulates_mean_and_population_standard_error():
    x, centres = random(10, 12), random(6, 12, seed=1)
    window = ParzenWindow([0.2, 0.5])
    window.set_centres(centres)
    for part in x.split([4, 4, 2]):
        window.update(part)
    nats = parzen_log_likelihood(x, centres, [0.2, 0.5])
    curve = window.compute()
    assert curve.sigmas == (0.2, 0.5)
    assert curve.n == 10
    assert curve.nats == pytest.approx(nats.mean(0).tolist(), abs=1e-5)
    assert curve.se == pytest.approx((nats.std(0, correction=0) / 10**0.5).tolist(), abs=1e-5)


def test_new_centres_forget_what_the_old_ones_scored():
    window = ParzenWindow([0.5])
    for seed in (1, 2):
        window.set_centres(random(6, 12, seed=seed))
        window.update(random(10, 12))
    expected = parzen_log_likelihood(random(10, 12), random(6, 12, seed=2), [0.5]).mean().item()
    assert window.compute().nats[0] == pytest.approx(expected, abs=1e-6)
    assert window.compute().n == 10


def test_centres_are_in_no_checkpoint():
    window = ParzenWindow([0.5])
    window.persistent(True)
    window.set_centres(random(1000, 12))
    assert sum(state.numel() for state in window.state_dict().values()) == 3


def test_protocol_takes_sigma_from_validation_and_the_value_from_test():
    samples, validation, test = strokes(60, seed=1), strokes(30, seed=2), random(20, 784)
    score = compute_parzen_score(samples, validation, test)
    curve = in_float64(validation, samples, SIGMAS_2014).mean(0)
    best = int(curve.argmax())
    nats = in_float64(test, samples, SIGMAS_2014)[:, best]
    assert best != int(in_float64(test, samples, SIGMAS_2014).mean(0).argmax())
    assert score.sigma == SIGMAS_2014[best]
    assert score.curve == pytest.approx(curve.tolist(), abs=0.01)
    assert score.nats == pytest.approx(nats.mean().item(), abs=0.01)
    assert score.se == pytest.approx(nats.std(correction=0).item() / 20**0.5, abs=0.01)
    assert (score.n_centres, score.n_validation, score.n_test) == (60, 30, 20)


def test_a_score_says_its_protocol_and_warns_at_the_edge_of_its_grid():
    x = strokes(50, seed=1)
    inside = compute_parzen_score(x[:20], x[20:40], x[40:])
    edge = compute_parzen_score(x[:20], x[20:40], x[40:], sigmas=[1.0, 2.0])
    assert not inside.at_edge
    assert inside.protocol() == "n=20 centres, sigma=.4642, 10 test images"
    assert edge.at_edge
    assert "an end of its grid" in edge.protocol()
    assert str(inside) == f"{inside.nats:.1f} ± {inside.se:.1f}"


ONES = torch.ones(3, 4)


def test_bad_input_is_named(subtests):
    for samples, validation, test, sigmas, words in [
        (ONES, torch.ones(3, 5), ONES, [1.0], "The images have 5 values, the centres 4"),
        (torch.ones(0, 4), ONES, ONES, [1.0], r"samples have shape \[0, 4\]: give at least one"),
        (ONES, torch.ones(0, 4), ONES, [1.0], "validation images have shape"),
        (ONES, ONES, torch.ones(4), [1.0], r"test images have shape \[4\]"),
        (torch.tensor([[math.nan], [1]]), ONES, ONES, [1.0], "1 of 2 samples contain NaN"),
        (ONES, ONES * math.inf, ONES, [1.0], "3 of 3 validation images contain NaN or infinity"),
        (ONES, ONES, ONES, [0.0, 1.0], r"sigmas\[0\] is 0\.0; give"),
        (ONES, ONES, ONES, [], "give at least one"),
        (ONES * 2 - 3, ONES, ONES, [1.0], r"samples lie in \[-1, -1\].* pixels to \[0, 1\]"),
        (ONES, ONES, ONES * 255, [1.0], r"test images lie in \[255, 255\]"),
    ]:
        with subtests.test(samples=samples, validation=validation, test=test):
            with pytest.raises(ValueError, match=words):
                compute_parzen_score(samples, validation, test, sigmas)


def test_another_range_is_scored_when_it_is_named():
    x = random(9, 5) * 2 - 1
    with pytest.raises(ValueError, match="depend on the range"):
        compute_parzen_score(x, x, x)
    assert compute_parzen_score(x, x, x, value_range=(-1.0, 1.0)) == compute_parzen_score(
        x, x, x, value_range=None
    )


def test_a_window_says_what_it_lacks():
    window = ParzenWindow([1.0])
    with pytest.raises(ValueError, match="call set_centres"):
        window.update(ONES)
    window.set_centres(ONES)
    window.update(ONES[:0])
    with pytest.raises(ValueError, match="call update"):
        window.compute()


def idx(name: str, header: int) -> Tensor:
    return torch.frombuffer(
        bytearray(gzip.decompress((MNIST / name).read_bytes())[header:]), dtype=torch.uint8
    )


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="no real MNIST in shared/data")
def test_anchors_on_real_mnist():
    images = idx("train-images-idx3-ubyte.gz", 16).view(-1, 784) / 255
    labels = idx("train-labels-idx1-ubyte.gz", 8)[:50_000]
    test = idx("t10k-images-idx3-ubyte.gz", 16).view(-1, 784) / 255
    train, validation = images[:50_000], images[50_000:51_000]
    pick = torch.randperm(50_000, generator=torch.Generator().manual_seed(0))
    mean = train.mean(0)
    bernoulli = torch.bernoulli(mean.expand(10_000, -1), generator=torch.Generator().manual_seed(0))
    # centres, sigma, nats, and how far another draw of the centres moves them: four standard
    # deviations over eight seeds (1.1 real, 0.65 Bernoulli, 1.2 uniform); none where nothing is drawn
    anchors = [
        (train[pick[:10_000]], 0.1668, 242.7, 4.5),
        (train[:10_000], 0.1668, 241.2, 0),
        (train[pick[:1_000]], 0.2154, 121.1, 4.5),
        (train, 0.1668, 318.4, 0),
        (mean[None], 0.2783, -59.1, 0),
        (train[labels == 1], 0.2783, -96.5, 0),
        (train[:1], 0.3594, -314.3, 0),  # the first image; others give -281 to -354
        (train[:1].expand(10_000, -1), 0.3594, -314.3, 0),
        (bernoulli, 0.3594, -285.4, 2.6),
        (random(10_000, 784), 0.5995, -629.0, 4.8),
    ]
    for centres, sigma, nats, tolerance in anchors:
        score = compute_parzen_score(centres, validation, test)
        assert score.sigma == pytest.approx(sigma, abs=5e-5)
        assert score.nats == pytest.approx(nats, abs=tolerance + 0.06)  # rounding to 0.1
