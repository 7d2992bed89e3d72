"""Claim about the balance of D and G."""

import math

import pytest
import torch

from datamodules import Ring
from lightning_gan.studies.goodfellow2014 import balance
from lightning_gan.studies.goodfellow2014.balance import (
    ARMS,
    BALANCED,
    MEASUREMENTS,
    UNBALANCED,
    RatioArm,
    compute_spread,
    is_better_ratio,
    measure_d_gap,
    measure_ratio_arm,
    measure_value,
)
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.ring import make_ring_gan


def test_every_arm_has_the_same_mean_rate():
    for arm in ARMS:
        model, _ = arm.make_model(seed=0)
        (d, g), _ = model.configure_optimizers()
        rates = d.param_groups[0]["lr"], g.param_groups[0]["lr"]
        assert rates[1] / rates[0] == pytest.approx(arm.rate_ratio)
        assert math.sqrt(rates[0] * rates[1]) == pytest.approx(1e-3)
        assert model.k == arm.k


def test_the_spread_is_1_for_the_ring_and_0_for_a_point():
    points, _ = Ring().draw(20_000, torch.Generator().manual_seed(0))
    assert compute_spread(points) == pytest.approx(1, abs=0.01)
    assert compute_spread(torch.ones(10, 2)) == 0


def test_a_constant_d_of_one_half_has_the_value_minus_log_4():
    model, data = make_ring_gan(0)
    data.prepare_data()
    with torch.no_grad():
        model.discriminator.network[-1].weight.zero_()
        model.discriminator.network[-1].bias.zero_()
    assert measure_value(model, data) == pytest.approx(-math.log(4), abs=1e-6)


def test_the_gap_of_an_untrained_d_is_positive_and_no_weight_changes():
    model, data = make_ring_gan(0)
    data.prepare_data()
    before = {name: v.clone() for name, v in model.state_dict().items()}
    assert 0.05 < measure_d_gap(model, data, updates=100) < math.log(4) + 0.1
    assert all(torch.equal(before[name], v) for name, v in model.state_dict().items())


def test_measurements_are_evenly_spaced():
    row = measure_ratio_arm(RatioArm(1, 1), seed=0, updates=2 * MEASUREMENTS, catch_up=5)
    assert len(row["points"]) == MEASUREMENTS
    assert len(row["points"][0].split()) == 2 * balance.DRAWN
    assert 0 <= row["high_quality"] <= 1
    assert 0 <= row["modes"] <= 8


def row(modes: float, quality: float, width: float, gap: float) -> dict:
    return {
        "modes": modes, "high_quality": quality, "spread": width, "d_gap": gap, "points": ["0 0 1 1"] * MEASUREMENTS,
    }  # fmt: skip


@pytest.mark.parametrize(("gap", "verdict"), [(1.0, Verdict.HOLDS), (0.1, Verdict.FAILS)])
def test_the_arms_are_compared_and_finished_runs_are_cached(tmp_path, monkeypatch, gap, verdict):
    calls = []

    def model(arm, seed, updates, catch_up):
        calls.append(arm)
        return (
            row(1, 0.1, 0.2, gap + 0.01 * seed)
            if arm is UNBALANCED
            else row(8 - 0.1 * seed, 0.9, 1.0, 0.2)
        )

    monkeypatch.setattr(balance, "measure_ratio_arm", model)
    monkeypatch.setattr(
        balance, "draw_ratio_arms", lambda rows, updates: torch.zeros(3, 4, 4, dtype=torch.uint8)
    )
    setting = Setting(out=tmp_path, seeds=range(3))
    findings = balance.run(setting)
    assert balance.run(setting) == findings
    assert len(calls) == 3 * len(ARMS)
    assert [f.verdict for f in findings[-4:]] == [Verdict.HOLDS] * 3 + [verdict]
    assert findings[ARMS.index(BALANCED)].result.startswith("7.90 ± 0.06 modes; 0.90")


def test_the_image_has_a_row_for_each_arm():
    rows = {BALANCED: [row(8, 1, 1, 0)], UNBALANCED: [row(1, 0, 0, 1)]}
    one, two = (
        balance.draw_ratio_arms({BALANCED: rows[BALANCED]}, 60),
        balance.draw_ratio_arms(rows, 60),
    )
    assert two.dtype == torch.uint8
    assert two.shape[1] == pytest.approx(2 * one.shape[1], abs=2)


def test_a_gain_has_to_be_two_standard_errors():
    assert is_better_ratio([0.3, 0.31, 0.29])
    assert not is_better_ratio([0.3, -0.3, 0.1])
    assert is_better_ratio([0.1])
    assert not is_better_ratio([-0.1])
