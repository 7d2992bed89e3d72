"""Theorem 1, and whether its tests can fail."""

import math

import pytest
import torch

from lightning_gan.analysis import theory
from lightning_gan.studies.goodfellow2014 import criterion
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.criterion import (
    best_score,
    equality,
    identity,
    jsd_from_entropies,
    minimum,
    normal,
)


def test_bisection_finds_the_best_d_without_being_told():
    grid = theory.make_interval(-9, 9, 101)
    p, q = grid.compute_log_density(normal(0, 1)), grid.compute_log_density(normal(1, 2))
    assert torch.allclose(best_score(p, q), theory.compute_optimal_logits(p, q), atol=1e-12)


def test_entropies_lead_to_the_same_divergence():
    grid, other = theory.make_interval(-12, 12, 1001), theory.make_interval(-13, 13, 801)
    p, q = normal(0, 1), normal(2, 0.7)
    expected = theory.compute_jensen_shannon(
        grid.compute_log_density(p), grid.compute_log_density(q), grid
    ).value.item()
    assert jsd_from_entropies(p, q, other) == pytest.approx(expected, abs=1e-12)


def test_a_pair_that_is_off_breaks_the_identity(tmp_path):
    assert identity([("a", -1.0, -1.0 + 1e-9, 1e-12)], tmp_path).verdict is Verdict.HOLDS
    assert (
        identity([("a", -1.0, -1.0, 1e-12), ("b", -1.0, -1.01, 1e-12)], tmp_path).verdict
        is Verdict.FAILS
    )
    assert (
        identity([("a", -1.0, -1.0, 1e-3)], tmp_path).verdict is Verdict.FAILS
    )  # nobody knows at this error


def test_a_second_minimum_or_a_minimum_elsewhere_breaks_the_second_test(tmp_path):
    mu, log_s = torch.meshgrid(criterion.MU, criterion.S.log(), indexing="ij")
    bowl = mu**2 + log_s**2
    assert minimum(bowl, tmp_path).verdict is Verdict.HOLDS
    assert minimum(bowl.roll(1, 0), tmp_path).verdict is Verdict.FAILS
    twice = bowl.clone()
    twice[3, 4] = 0
    assert minimum(twice, tmp_path).verdict is Verdict.FAILS
    assert minimum(bowl + 0.1, tmp_path).verdict is Verdict.FAILS


def test_a_divergence_outside_its_bounds_breaks_the_third_test(tmp_path):
    tv = torch.tensor([0.0, 0.1], dtype=torch.float64)
    assert equality(tv, torch.tensor([0.0, 0.01]).double(), tmp_path).verdict is Verdict.HOLDS
    for wrong in ([0.0, 0.0], [0.0, 0.07], [0.001, 0.01]):
        assert equality(tv, torch.tensor(wrong).double(), tmp_path).verdict is Verdict.FAILS


def test_random_pairs_come_close_and_every_tenth_is_one_twice():
    tv, jsd = criterion.random_pairs(500)
    assert int((tv == 0).sum()) == 50
    assert tv[tv > 0].min() < 1e-5
    assert (jsd <= math.log(2)).all()


def test_the_theorem_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(criterion, "PAIRS", 200)
    monkeypatch.setattr(criterion, "MU", torch.linspace(-3, 3, 7).double())
    monkeypatch.setattr(criterion, "S", torch.linspace(-1.5, 1.5, 7).double().exp())
    monkeypatch.setattr(criterion, "in_the_plane", list)
    findings = criterion.run(Setting(out=tmp_path))
    assert [f.verdict for f in findings] == [Verdict.HOLDS] * 3
    assert findings[0].image.is_file()
    assert "N(0, 1) and itself: 0.000000" in findings[0].note
