"""Theorem 1, and cases in which its tests fail."""

import math

import pytest
import torch

from lightning_gan.analysis import theory
from lightning_gan.studies.goodfellow2014 import criterion
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.criterion import (
    compute_jsd_from_entropies,
    find_optimal_logits,
    judge_equality,
    judge_identity,
    judge_minimum,
    make_normal,
)


def test_bisection_finds_the_optimal_logits():
    grid = theory.make_interval(-9, 9, 101)
    p, q = grid.compute_log_density(make_normal(0, 1)), grid.compute_log_density(make_normal(1, 2))
    assert torch.allclose(
        find_optimal_logits(p, q), theory.compute_optimal_logits(p, q), atol=1e-12
    )


def test_the_jsd_from_entropies_is_the_same():
    grid, other = theory.make_interval(-12, 12, 1001), theory.make_interval(-13, 13, 801)
    p, q = make_normal(0, 1), make_normal(2, 0.7)
    expected = theory.compute_jensen_shannon(
        grid.compute_log_density(p), grid.compute_log_density(q), grid
    ).value.item()
    assert compute_jsd_from_entropies(p, q, other) == pytest.approx(expected, abs=1e-12)


def test_a_difference_or_a_large_error_fails_the_identity(tmp_path):
    assert judge_identity([("a", -1.0, -1.0 + 1e-9, 1e-12)], tmp_path).verdict is Verdict.HOLDS
    assert (
        judge_identity([("a", -1.0, -1.0, 1e-12), ("b", -1.0, -1.01, 1e-12)], tmp_path).verdict
        is Verdict.FAILS
    )
    assert (
        judge_identity([("a", -1.0, -1.0, 1e-3)], tmp_path).verdict is Verdict.FAILS
    )  # the quadrature error is too large


def test_a_second_minimum_or_another_minimum_fails(tmp_path):
    mu, log_s = torch.meshgrid(criterion.MU, criterion.S.log(), indexing="ij")
    bowl = mu**2 + log_s**2
    assert judge_minimum(bowl, tmp_path).verdict is Verdict.HOLDS
    assert judge_minimum(bowl.roll(1, 0), tmp_path).verdict is Verdict.FAILS
    twice = bowl.clone()
    twice[3, 4] = 0
    assert judge_minimum(twice, tmp_path).verdict is Verdict.FAILS
    assert judge_minimum(bowl + 0.1, tmp_path).verdict is Verdict.FAILS


def test_a_divergence_outside_its_bounds_fails(tmp_path):
    tv = torch.tensor([0.0, 0.1], dtype=torch.float64)
    assert judge_equality(tv, torch.tensor([0.0, 0.01]).double(), tmp_path).verdict is Verdict.HOLDS
    for wrong in ([0.0, 0.0], [0.0, 0.07], [0.001, 0.01]):
        assert judge_equality(tv, torch.tensor(wrong).double(), tmp_path).verdict is Verdict.FAILS


def test_random_pairs_are_close_and_every_tenth_is_equal():
    tv, jsd = criterion.draw_random_pairs(500)
    assert int((tv == 0).sum()) == 50
    assert tv[tv > 0].min() < 1e-5
    assert (jsd <= math.log(2)).all()


def test_the_theorem_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(criterion, "PAIRS", 200)
    monkeypatch.setattr(criterion, "MU", torch.linspace(-3, 3, 7).double())
    monkeypatch.setattr(criterion, "S", torch.linspace(-1.5, 1.5, 7).double().exp())
    monkeypatch.setattr(criterion, "make_plane_pairs", list)
    findings = criterion.run(Setting(out=tmp_path))
    assert [f.verdict for f in findings] == [Verdict.HOLDS] * 3
    assert findings[0].image.is_file()
    assert "N(0, 1) and itself: 0.000000" in findings[0].note
