"""Claim about the gradients of both objectives of G."""

import math

import pytest
import torch

from lightning_gan.losses import Minimax, NonSaturating
from lightning_gan.studies.goodfellow2014 import early_gradients
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.early_gradients import (
    compare_single_gradients,
    compute_exact_gradients,
    compute_gradient,
    describe_first_confident_ratio,
    measure_gradients,
    train_rejecting_d,
)
from lightning_gan.studies.goodfellow2014.ring import make_ring_gan


def test_the_gradient_is_that_of_all_parameters_of_g():
    model, _ = make_ring_gan(0)
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    found = compute_gradient(NonSaturating(), model, z)
    model.loss.g_loss(model.discriminator(model.generator(z))).backward()
    assert torch.equal(found, torch.cat([p.grad.flatten() for p in model.generator.parameters()]))


def test_a_confident_d_saturates_only_one_objective():
    model, _ = make_ring_gan(0)
    before = measure_gradients(model)
    with torch.no_grad():
        model.discriminator.network[-1].bias -= 10
    after = measure_gradients(model)
    assert after["d_gz"] < 1e-4
    assert after["saturating"] < 1e-3 * before["saturating"]
    assert after["non_saturating"] > 1.5 * before["non_saturating"]


def test_single_gradients_have_the_same_direction_and_the_expected_ratio():
    cosine, off = compare_single_gradients(make_ring_gan(0)[0])
    assert cosine > 1 - 1e-12
    assert off < 1e-12


def test_measurements_begin_before_training_and_g_is_fixed():
    start = make_ring_gan(0)[0].generator.state_dict()
    model, rows = train_rejecting_d(0, updates=20)
    assert [rows[0]["updates"], rows[1]["updates"], rows[-1]["updates"]] == [0, 1, 20]
    assert all(
        torch.equal(start[name], value) for name, value in model.generator.state_dict().items()
    )
    assert rows[-1]["d_gz"] < rows[0]["d_gz"]


def test_both_gradients_are_zero_at_p_data_and_agree_close_to_it():
    assert max(compute_exact_gradients(0.0)[:2]) < 1e-12
    saturating, other, cosine = compute_exact_gradients(1e-3)
    assert other / saturating == pytest.approx(1, abs=1e-2)
    assert cosine > 1 - 1e-5
    assert compute_exact_gradients(1.0)[2] < 0.999


def test_an_untrained_d_fails_the_claim(tmp_path, monkeypatch):
    monkeypatch.setattr(early_gradients, "QUICK_UPDATES", 2)
    findings = early_gradients.run(Setting(out=tmp_path, quick=True))
    assert [f.verdict for f in findings] == [
        Verdict.FAILS,
        Verdict.FAILS,
        Verdict.HOLDS,
        Verdict.HOLDS,
    ]
    assert findings[0].image.is_file()


def test_the_first_confident_measurement_of_every_seed_is_found():
    rows = [
        {"d_gz": d, "saturating": 1.0, "non_saturating": ratio}
        for d, ratio in ((0.5, 1.0), (0.009, 7.0), (0.001, 90.0))
    ]
    assert describe_first_confident_ratio([rows]) == "7 (1 seed) when D(G(z)) first is below 0.01"
    assert describe_first_confident_ratio([rows, rows[:1]]) == "D(G(z)) was never below 0.01"


def test_both_losses_have_the_same_gradient_at_one_half():
    score = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    slopes = [
        torch.autograd.grad(loss.g_loss(score), score)[0] for loss in (Minimax(), NonSaturating())
    ]
    assert torch.equal(*slopes)
    assert slopes[0].sum().item() == pytest.approx(-0.5)
    assert math.isclose(Minimax().g_loss(score).item(), -math.log(2))
