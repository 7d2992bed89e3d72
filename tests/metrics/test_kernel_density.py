"""The density of a mixture of equal Gaussians: closed forms, float64, blocks, dtypes."""

import math

import torch
from stroke_images import in_float64, random, strokes
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.testing import assert_close

from lightning_gan.metrics import (
    SIGMAS_2014,
    parzen_log_likelihood,
)


def test_one_centre_is_a_gaussian():
    x, centre = random(5, 20), random(1, 20, seed=1)
    density = Independent(Normal(centre[0].double(), 0.3), 1)
    nats = parzen_log_likelihood(x, centre, [0.3])
    assert_close(nats[:, 0], density.log_prob(x.double()), atol=1e-4, rtol=0)


def test_centres_are_a_mixture_of_equal_gaussians():
    x, centres = random(6, 3, 2, 2) * 5, random(7, 3, 2, 2, seed=1) * 5
    means = centres.double().flatten(1)
    parts = Independent(Normal(means, torch.full_like(means, 0.5)), 1)
    mixture = MixtureSameFamily(Categorical(torch.ones(7, dtype=torch.float64)), parts)
    nats = parzen_log_likelihood(x, centres, [0.5])
    assert_close(nats[:, 0], mixture.log_prob(x.double().flatten(1)), atol=1e-4, rtol=0)


def test_nats_are_comparable_between_scales():
    x, centres = random(4, 10), random(9, 10, seed=1)
    nats, scaled = (parzen_log_likelihood(x * a, centres * a, [0.4 * a]) for a in (1, 255))
    assert_close(scaled, nats - 10 * math.log(255), atol=1e-4, rtol=0)


def test_float32_distances_are_exact_to_a_hundredth_of_a_nat():
    x, centres = strokes(50, seed=0), strokes(400, seed=1)
    centres[:20] = x[:20]  # where everything cancels
    error = parzen_log_likelihood(x, centres, SIGMAS_2014) - in_float64(x, centres, SIGMAS_2014)
    assert 0 < error.abs().max() < 0.01


def test_far_data_are_exact_too_because_they_are_shifted():
    x, centres = strokes(50, seed=0), strokes(60, seed=1)
    near, far = (parzen_log_likelihood(x + a, centres + a, SIGMAS_2014) for a in (0, 64))
    assert_close(far, near, atol=0.05, rtol=0)  # 64 + x itself is rounded to 4e-6


def test_all_sigmas_at_once_equal_one_at_a_time():
    x, centres = strokes(30, seed=0), strokes(40, seed=1)
    alone = [parzen_log_likelihood(x, centres, [sigma]) for sigma in SIGMAS_2014]
    assert_close(
        parzen_log_likelihood(x, centres, SIGMAS_2014), torch.cat(alone, 1), atol=1e-9, rtol=0
    )


def test_blocks_of_any_size_give_the_same_value(subtests):
    for max_bytes in [1, 64, 1000, 8 * 13 * 17, 1 << 30]:
        with subtests.test(max_bytes=max_bytes):
            x, centres = strokes(23, seed=0), strokes(101, seed=1)
            whole = in_float64(x, centres, SIGMAS_2014)
            nats = parzen_log_likelihood(x, centres, SIGMAS_2014, max_bytes=max_bytes)
            assert_close(nats, whole, atol=2e-3, rtol=0)


def test_order_and_duplication_of_centres_change_nothing():
    x, centres = strokes(20, seed=0), strokes(30, seed=1)
    nats = parzen_log_likelihood(x, centres, SIGMAS_2014)
    same = parzen_log_likelihood(x, centres.flip(0).repeat(3, 1), SIGMAS_2014, max_bytes=5000)
    assert_close(same, nats, atol=2e-3, rtol=0)


def test_any_dtype_is_scored_as_the_values_that_it_holds(subtests):
    for dtype in [torch.float64, torch.float16, torch.bfloat16, torch.uint8]:
        with subtests.test(dtype=dtype):
            x, centres = (random(9, 50) * 4).to(dtype), (random(8, 50, seed=1) * 4).to(dtype)
            expected = in_float64(x, centres, (0.5,))
            assert_close(parzen_log_likelihood(x, centres, [0.5]), expected, atol=1e-3, rtol=0)


def test_autocast_and_fast_products_change_nothing_and_stay_as_they_were():
    x, centres = strokes(64, seed=0), strokes(512, seed=1)
    plain = parzen_log_likelihood(x, centres, [0.1])
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            nats = parzen_log_likelihood(x, centres, [0.1])
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert torch.equal(nats, plain)
