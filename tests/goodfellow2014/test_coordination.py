"""Claim about the controller of k: distance, budget and verdict."""

import math

import pytest
import torch

from datamodules import Ring
from lightning_gan.studies.goodfellow2014 import coordination
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.coordination import (
    CONTROLLER,
    FIXED,
    compute_ring_distance,
    is_better_controller,
    measure_controller_arm,
)

RING = Ring()


def test_the_data_have_distance_0():
    x, _ = RING.draw(20_000, torch.Generator().manual_seed(0))
    assert compute_ring_distance(x, RING) < 0.02


def test_the_distance_of_some_modes_is_the_missing_mass(subtests):
    for modes in [1, 4, 8]:
        with subtests.test(modes=modes):
            x = RING.means[torch.arange(8 * 100) % modes]
            outside = math.exp(-4.5)
            missing = (8 - modes) / 8 * (1 - outside) + outside
            assert compute_ring_distance(x, RING) == pytest.approx(missing, abs=1e-6)


def test_samples_between_the_modes_have_the_largest_distance():
    assert compute_ring_distance(torch.zeros(10, 2), RING) == pytest.approx(
        1 - math.exp(-4.5), abs=1e-6
    )


@pytest.mark.parametrize("arm", [FIXED[0], FIXED[2], CONTROLLER], ids=lambda arm: arm.name[:5])
def test_every_arm_has_the_same_number_of_updates(arm, monkeypatch):
    updates = []
    sample = coordination.GAN.sample

    def recorded(model, *args, **kwargs):
        updates.append(model.d_updates + model.g_updates)
        return sample(model, *args, **kwargs)

    monkeypatch.setattr(coordination.GAN, "sample", recorded)
    row = measure_controller_arm(arm, seed=0, updates=60)
    assert updates[-1] == pytest.approx(60, abs=MOST_AT_ONCE)
    assert len(updates) == coordination.MEASUREMENTS + 1  # one at the end, for the modes
    assert 0 <= row["distance"] <= 1


MOST_AT_ONCE = 2  # a minibatch updates D, and sometimes G


def test_the_criterion_is_two_standard_errors():
    assert is_better_controller([0.3, 0.31, 0.29])
    assert not is_better_controller([0.3, -0.3, 0.1])
    assert not is_better_controller([0.3])


def test_finished_runs_are_cached_and_every_arm_is_reported(tmp_path, monkeypatch):
    calls = []

    def model(arm, seed, updates):
        calls.append((arm.name, seed))
        better = arm is CONTROLLER
        return {
            "distance": 0.2 - 0.1 * better + 0.01 * seed,
            "modes": 8,
            "high_quality": 0.9,
            "k": 1.5,
        }

    monkeypatch.setattr(coordination, "measure_controller_arm", model)
    setting = Setting(out=tmp_path, seeds=range(3))
    first = coordination.run(setting)
    assert len(calls) == 3 * (len(FIXED) + 1)
    assert coordination.run(setting) == first
    assert len(calls) == 3 * (len(FIXED) + 1)
    assert first[-1].verdict is Verdict.HOLDS
    assert first[-1].result == "0.100 ± 0.000 (3 seeds)"
    assert first[-1].image.is_file()
    assert "8.0 modes, 90% good, k 1.50" in first[0].result
