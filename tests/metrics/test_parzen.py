import gzip
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.testing import assert_close

from lightning_gan.metrics import (
    SIGMAS_2014,
    ParzenScore,
    ParzenWindow,
    parzen_log_likelihood,
    parzen_protocol,
)
from lightning_gan.metrics.parzen import ParzenCurve

SHARED = os.environ.get("LIGHTNING_GAN_SHARED")
PROJECT = Path(__file__).parents[2]
MNIST = (Path(SHARED) if SHARED else PROJECT.parent / "shared") / "data" / "mnist"


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def strokes(n: int, seed: int) -> Tensor:
    """Images like digits: smooth strokes, most pixels exactly 0, some exactly 1; [n, 784]."""
    noise = torch.randn(n, 1, 40, 40, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.avg_pool2d(noise, 7, stride=1)[:, :, 3:31, 3:31]
    return (smooth * 10 - 0.8).clamp(0, 1).flatten(1)


def in_float64(x: Tensor, centres: Tensor, sigmas: tuple[float, ...]) -> Tensor:
    """Log p(x) written out again with differences in float64, [n, n_sigmas]."""
    square = torch.stack([(x_i.double() - centres.double()).square().sum(1) for x_i in x])
    columns = [
        (-square / (2 * s**2)).logsumexp(1)
        - math.log(len(centres))
        - x.shape[1] * math.log(s * math.sqrt(2 * math.pi))
        for s in sigmas
    ]
    return torch.stack(columns, dim=1)


def test_the_grid_of_2014_is_ten_points_from_a_tenth_to_one():
    assert SIGMAS_2014 == pytest.approx(np.logspace(-1, 0, 10), rel=1e-14)


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


@pytest.mark.parametrize("max_bytes", [0, 64, 1000, 8 * 13 * 17, 1 << 30])
def test_blocks_of_any_size_give_the_same_value(max_bytes: int):
    x, centres = strokes(23, seed=0), strokes(101, seed=1)
    whole = in_float64(x, centres, SIGMAS_2014)
    nats = parzen_log_likelihood(x, centres, SIGMAS_2014, max_bytes=max_bytes)
    assert_close(nats, whole, atol=2e-3, rtol=0)


def test_order_and_duplication_of_centres_change_nothing():
    x, centres = strokes(20, seed=0), strokes(30, seed=1)
    nats = parzen_log_likelihood(x, centres, SIGMAS_2014)
    same = parzen_log_likelihood(x, centres.flip(0).repeat(3, 1), SIGMAS_2014, max_bytes=5000)
    assert_close(same, nats, atol=2e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.uint8])
def test_any_dtype_is_scored_as_the_values_that_it_holds(dtype: torch.dtype):
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


def score_as_one_of_two(rank: int, folder: str) -> tuple[ParzenCurve, ParzenScore, ParzenScore]:
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    try:
        samples, validation, test = strokes(40, seed=1), strokes(21, seed=2), strokes(33, seed=3)
        window = ParzenWindow()
        window.set_centres(samples)
        for batch in test[rank::2].split(8):  # 8, 8, 1 examples, and 8, 8
            window.update(batch)
        curve = window.compute()
        score = parzen_protocol(samples, validation, test, rank=rank, world_size=2)
        lonely = parzen_protocol(samples, validation, test[:1], rank=rank, world_size=2)
        return curve, score, lonely
    finally:
        dist.destroy_process_group()


def test_two_processes_with_uneven_shares_equal_one(tmp_path: Path):
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen([sys.executable, __file__, str(tmp_path)], env=environment) as other:
        here = score_as_one_of_two(0, str(tmp_path))
        assert other.wait(timeout=60) == 0
    samples, validation, test = strokes(40, seed=1), strokes(21, seed=2), strokes(33, seed=3)
    nats = parzen_log_likelihood(test, samples, SIGMAS_2014).mean(0).tolist()
    alone = parzen_protocol(samples, validation, test)
    lonely_alone = parzen_protocol(samples, validation, test[:1])
    for curve, score, lonely in (here, torch.load(tmp_path / "there.pt", weights_only=False)):
        assert curve.n == 33
        assert curve.nats == pytest.approx(nats, rel=1e-9, abs=1e-6)
        assert (score.n_validation, score.n_test, score.sigma) == (21, 33, alone.sigma)
        assert (score.nats, score.se) == pytest.approx((alone.nats, alone.se), abs=1e-6)
        assert lonely.nats == pytest.approx(lonely_alone.nats, abs=1e-6)


def test_protocol_takes_sigma_from_validation_and_the_value_from_test():
    samples, validation, test = strokes(60, seed=1), strokes(30, seed=2), random(20, 784)
    score = parzen_protocol(samples, validation, test)
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
    inside = parzen_protocol(x[:20], x[20:40], x[40:])
    edge = parzen_protocol(x[:20], x[20:40], x[40:], sigmas=[1.0, 2.0])
    assert not inside.at_edge
    assert inside.protocol() == "n=20 centres, sigma=.4642, 10 test images"
    assert edge.at_edge
    assert "an end of its grid" in edge.protocol()
    assert str(inside) == f"{inside.nats:.1f} ± {inside.se:.1f}"


ONES = torch.ones(3, 4)


@pytest.mark.parametrize(
    ("samples", "validation", "test", "sigmas", "words"),
    [
        (ONES, torch.ones(3, 5), ONES, [1.0], "Examples of 5 values came with centres of 4"),
        (torch.ones(0, 4), ONES, ONES, [1.0], r"samples have shape \[0, 4\]: give at least one"),
        (ONES, torch.ones(0, 4), ONES, [1.0], "validation examples have shape"),
        (ONES, ONES, torch.ones(4), [1.0], r"test examples have shape \[4\]"),
        (torch.tensor([[math.nan], [1]]), ONES, ONES, [1.0], "1 of 2 samples hold NaN"),
        (ONES, ONES * math.inf, ONES, [1.0], "3 of 3 validation examples hold NaN or infinity"),
        (ONES, ONES, ONES, [0.0, 1.0], r"sigmas \[0.0, 1.0\] came: .* positive"),
        (ONES, ONES, ONES, [], "give at least one"),
        (ONES * 2 - 3, ONES, ONES, [1.0], r"samples lie in \[-1, -1\].* pixels in \[0, 1\]"),
        (ONES, ONES, ONES * 255, [1.0], r"test examples lie in \[255, 255\]"),
    ],
)
def test_bad_input_is_named(samples, validation, test, sigmas, words):
    with pytest.raises(ValueError, match=words):
        parzen_protocol(samples, validation, test, sigmas)


def test_another_range_is_scored_when_it_is_named():
    x = random(9, 5) * 2 - 1
    with pytest.raises(ValueError, match="depend on the range"):
        parzen_protocol(x, x, x)
    assert parzen_protocol(x, x, x, value_range=(-1.0, 1.0)) == parzen_protocol(
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
        score = parzen_protocol(centres, validation, test)
        assert score.sigma == pytest.approx(sigma, abs=5e-5)
        assert score.nats == pytest.approx(nats, abs=tolerance + 0.06)  # rounding to 0.1


if __name__ == "__main__":
    torch.save(score_as_one_of_two(1, sys.argv[1]), f"{sys.argv[1]}/there.pt")
