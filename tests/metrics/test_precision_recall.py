"""Precision, recall, density and coverage against values by hand and explicit distances."""

import itertools
import math

import numpy as np
import pytest
import torch
from point_clouds import cloud
from torch import Tensor

from lightning_gan.metrics import (
    AccumulatedPrecisionRecall,
    DegenerateWarning,
    PrecisionRecallValue,
    precision_recall,
)
from lightning_gan.metrics.distances import Distances


def written_out(x: Tensor, y: Tensor, k: int = 3, k_density: int = 5) -> PrecisionRecallValue:
    """Kynkäänniemi et al. (2019), eq. 1-2, and Naeem et al. (2020), eq. 3-4, in float64."""
    a, b = x.double().numpy(), y.double().numpy()

    def radius(v: np.ndarray, k: int) -> np.ndarray:
        distances = np.linalg.norm(v[:, None] - v[None], axis=2)
        return np.array([np.sort(np.delete(row, i))[k - 1] for i, row in enumerate(distances)])

    between = np.linalg.norm(a[:, None] - b[None], axis=2)  # [n, n_real]
    precision = float((between <= radius(b, k)).any(1).mean())
    recall = float((between <= radius(a, k)[:, None]).any(0).mean())
    in_ball = between < radius(b, k_density)
    f_score = 2 * precision * recall / max(1e-5, precision + recall)
    density = float(in_ball.sum(1).mean() / k_density)
    return PrecisionRecallValue(precision, recall, f_score, density, float(in_ball.any(0).mean()))


def test_random_vectors_equal_distances_written_out(subtests):
    for (k, k_density), (n, n_real) in itertools.product(
        [(3, 5), (1, 2), (2, 1)], [(60, 60), (40, 90), (20, 9), (4, 30)]
    ):
        with subtests.test(n=n, n_real=n_real, k=k):
            x, y = cloud(n, 6), cloud(n_real, 6, seed=1) * 1.3
            value = precision_recall(x, y, k, k_density)
            assert value == pytest.approx(written_out(x, y, k, k_density), abs=1e-12)
            assert 0 < value.density


def on_line(*places: float) -> Tensor:
    return torch.tensor(places)[:, None]


def test_shares_on_a_line_by_hand():
    real = on_line(0, 1, 2, 10)  # radii to the nearest other: 1, 1, 1, 8; to the second: 2, 1, 2, 9
    generated = on_line(2.5, 3.5, 30)  # radii to the nearest other: 1, 1, 26.5
    value = precision_recall(generated, real, k=1, k_density=2)
    assert value.precision == pytest.approx(2 / 3)  # 2.5 near 2 and 10; 3.5 near 10; 30 nowhere
    assert value.recall == pytest.approx(2 / 4)  # 2 near 2.5; 10 near 30
    # open balls: 2.5 in those of 2 and 10, 3.5 in those of 2 and 10, 30 in none
    assert value.density == pytest.approx((2 + 2 + 0) / (2 * 3))
    assert value.coverage == pytest.approx(2 / 4)


def test_closed_balls_hold_their_edge_and_open_ones_do_not():
    real = on_line(0, 1, 20, 22)  # radii 1, 1, 2, 2
    value = precision_recall(on_line(24, 50), real, k=1, k_density=1)
    assert value.precision == 1 / 2
    assert (value.density, value.coverage) == (0, 0)


def test_data_against_themselves_are_precise_and_covered():
    x = cloud(200, 6)
    assert precision_recall(x, x)[:3] == (1, 1, 1)
    assert precision_recall(x, x).coverage == 1


def test_far_samples_score_0_without_a_warning():
    x = cloud(50, 6)
    assert precision_recall(x + 100, x) == (0, 0, 0, 0, 0)


def test_one_mode_of_two_is_precise_but_covers_half():
    modes = torch.cat([cloud(100, 6), cloud(100, 6, seed=1) + 50])
    value = precision_recall(cloud(200, 6, seed=2), modes)
    assert value.precision > 0.7
    assert 0.3 < value.recall <= 0.5
    assert 0.4 < value.coverage <= 0.5
    assert value.density == pytest.approx(1, abs=0.25)


def test_equal_distributions_have_density_and_coverage_of_their_paper():
    value = precision_recall(cloud(800, 6), cloud(800, 6, seed=1))
    assert value.density == pytest.approx(1, abs=0.06)  # eq. 5 of Naeem et al.
    expected = 1 - (799 * 798 * 797 * 796 * 795) / (1599 * 1598 * 1597 * 1596 * 1595)  # eq. 6
    assert value.coverage == pytest.approx(expected, abs=0.02)


def test_blocks_bound_the_working_memory_and_change_nothing(subtests):
    for most in [1, 500, 8000, 40_000, 10**6]:
        with subtests.test(most=most), pytest.MonkeyPatch.context() as monkeypatch:
            x, y, made, empty = cloud(90, 6), cloud(70, 6, seed=1), [], torch.empty
            whole = precision_recall(x, y)
            monkeypatch.setattr(
                torch, "empty", lambda *a, **k: made.append(empty(*a, **k)) or made[-1]
            )
            Distances(90, 6, most, x.device)
            held = sum(tensor.nbytes for tensor in made)
            monkeypatch.undo()
            assert held <= max(most, 200)  # one distance needs as much
            assert precision_recall(x, y, max_bytes=most) == whole


def test_no_block_is_larger_than_the_sets():
    assert Distances(90, 6, 10**9, torch.device("cpu")).side == 90


def test_distances_are_those_of_cdist_to_the_bit(subtests):
    for dtype in [torch.float32, torch.float64, torch.float16]:
        with subtests.test(dtype=dtype):
            x, y = cloud(60, 33).to(dtype), cloud(47, 33, seed=1).to(dtype)
            work = Distances(60, 33, 10**6, x.device)
            work.begin(x)
            mode = "use_mm_for_euclid_dist"
            assert torch.equal(work.to(y)[0], torch.cdist(x.float(), y.float(), compute_mode=mode))


def test_distances_are_whole_float32_whatever_products_the_run_uses(monkeypatch):
    x, y, seen, mm = cloud(60, 6), cloud(70, 6, seed=1), set(), torch.mm

    def watched(a: Tensor, b: Tensor, **out: Tensor) -> Tensor:
        seen.add(torch.backends.cuda.matmul.fp32_precision)
        return mm(a, b, **out)

    plain = precision_recall(x, y)
    monkeypatch.setattr(torch, "mm", watched)
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert precision_recall(x, y) == plain
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert seen == {"ieee"}


def test_samples_that_are_all_the_same_get_numbers_and_a_warning():
    real = cloud(60, 6)
    with pytest.warns(DegenerateWarning, match="All 9 generated vectors are equal"):
        assert precision_recall(torch.full((9, 6), 7.0), real) == (0, 0, 0, 0, 0)
    with pytest.warns(DegenerateWarning, match="All 9 generated vectors are equal"):
        value = precision_recall(real[:1].repeat(9, 1), real)
    assert value.precision == 1
    assert value.recall in (0, 1 / 60)  # of the copied one, as distance 0 is rounded


def test_a_constant_real_set_gets_numbers_and_a_warning():
    with pytest.warns(DegenerateWarning, match="All 9 real vectors are equal"):
        value = precision_recall(cloud(60, 6), torch.full((9, 6), 7.0))
    assert value == (0, 0, 0, 0, 0)


def test_the_order_of_arrival_does_not_matter():
    x, y = cloud(60, 6), cloud(70, 6, seed=1)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    metric = AccumulatedPrecisionRecall(y)
    for places in (order[:0], order[:7], order[7:]):
        metric.update(x[places], places)
    value = metric.compute()
    assert isinstance(value, PrecisionRecallValue)
    assert value == precision_recall(x, y)
    assert metric.state_dict() == {}
    assert metric.higher_is_better is True


FINE = cloud(8, 2)


def test_bad_input_is_named(subtests):
    for generated, real, k, words in [
        (FINE[:3], FINE, 3, "needs 3 neighbours, but there are 3 vectors"),
        (FINE[:0], FINE, 3, "but there are 0"),
        (FINE, FINE[:5], 3, "Nearest neighbours 3 and 5 need more real vectors than 5"),
        (FINE, FINE, 8, "Nearest neighbours 8 and 5 need more real vectors than 8"),
        (FINE, FINE, 0, "k is 0; give"),
        (FINE[:, :1], FINE, 3, r"generated vectors have shape \[8, 1\]: give \[m, 2\]"),
        (FINE * math.nan, FINE, 3, "8 of 8 generated vectors contain NaN"),
        (FINE, FINE * math.inf, 3, "8 of 8 real vectors contain NaN or infinity"),
    ]:
        with subtests.test(generated=generated, real=real, k=k):
            with pytest.raises(ValueError, match=words):
                precision_recall(generated, real, k)


def test_a_metric_refuses_few_real_vectors_before_any_sample_is_drawn():
    with pytest.raises(ValueError, match="more real vectors than 5"):
        AccumulatedPrecisionRecall(FINE[:5])
