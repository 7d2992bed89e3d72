"""Proposition 2: convergence in function space, and two counterexamples in parameter space."""

import math

import torch

from lightning_gan.analysis import theory
from lightning_gan.studies.goodfellow2014 import proposition_2
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.proposition_2 import (
    DATA,
    LINE,
    TARGET,
    TURN_RATE,
    Descent,
    compute_curvature,
    compute_excess,
    compute_slope,
    judge_function_space,
    measure_convexity,
    run_descent,
    take_step,
    train_dirac_gan,
)


def test_a_step_has_a_closed_form():
    p, g = (torch.tensor([row], dtype=torch.float64) for row in ([0.5, 0.3, 0.2], [0.1, 0.1, 0.8]))
    expected = g**0.9 * (p + g) ** 0.1
    assert torch.allclose(take_step(p.log(), g.log(), 0.1).exp(), expected / expected.sum())


def test_p_data_is_a_fixed_point():
    p = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64).log()
    assert torch.allclose(take_step(p, p), p, atol=1e-15)


def test_c_decreases_at_every_step_and_p_g_converges_to_p_data():
    found = run_descent(seed=3, starts=6, steps=400)
    assert found.over[:, 0].min() > 0.1
    assert found.over.diff(dim=1).max() < 1e-14
    assert found.variation[:, -1].max() < 1e-6


def test_c_is_convex_in_p_g():
    assert measure_convexity(seed=0, segments=200) >= 0


def test_the_gradient_under_a_fixed_d_is_that_of_c():
    theta = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    whole = torch.autograd.grad(compute_excess(theta), theta)[0]
    assert torch.allclose(compute_slope(theta[None])[0], whole, atol=1e-12)


def test_the_family_has_a_local_minimum_with_exchanged_weights():
    assert compute_excess(torch.tensor(TARGET, dtype=torch.float64)).abs() < 1e-12
    theta = torch.tensor([[2.0, -2.0]], dtype=torch.float64)
    for _ in range(100):
        theta = theta - compute_slope(theta)
    assert compute_slope(theta).norm() < 1e-10
    assert compute_curvature(theta[0]) > 0.1
    assert compute_excess(theta).item() > 0.1
    assert (
        theory.compute_jensen_shannon(
            DATA, proposition_2.compute_family_log_density(theta[0], LINE), LINE
        ).value
        > 0.05
    )


def test_simultaneous_steps_move_away_from_the_equilibrium():
    away = train_dirac_gan(alternating=False, turns=50).double()
    theta, psi = away[:-1].T
    pull = TURN_RATE * torch.sigmoid(theta * psi)
    assert torch.allclose(
        away[1:].square().sum(1), (1 + pull**2) * away[:-1].square().sum(1), rtol=1e-4
    )


def test_alternating_steps_cycle():
    path = train_dirac_gan(alternating=True)
    assert 0.5 < path.norm(dim=1).min() < path.norm(dim=1).max() < 2
    signs = path[:, 0].sign()
    assert (signs[1:] != signs[:-1]).sum() > 4


def curves(values: list[float]) -> Descent:
    return Descent(torch.tensor([values]).double(), torch.tensor([values]).double())


def test_an_increase_a_distant_end_or_a_concave_segment_fails(tmp_path):
    assert [f.verdict for f in judge_function_space([curves([1, 0.5, 0])], [0.0], tmp_path)] == [
        Verdict.HOLDS
    ] * 3
    for values, bend, wrong in (
        ([1, 0.5, 0.1], 0.0, 0),
        ([0.5, 1, 0], 0.0, 1),
        ([1, 0.5, 0], -0.1, 2),
    ):
        assert (
            judge_function_space([curves(values)], [bend], tmp_path)[wrong].verdict is Verdict.FAILS
        )


def test_the_claim_holds_and_both_counterexamples_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(proposition_2, "SEGMENTS", 100)
    monkeypatch.setattr(proposition_2, "DESCENTS", 150)
    findings = proposition_2.run(Setting(out=tmp_path, seeds=range(2)))
    assert [f.verdict for f in findings[:3]] == [Verdict.HOLDS] * 3
    assert findings[3].result.startswith("4 reach p_data; 12 end in local minima")
    assert findings[4].verdict is Verdict.HOLDS
    assert findings[0].image.is_file()
    assert math.isfinite(train_dirac_gan(True).sum())


def test_an_unfinished_descent_is_no_local_minimum(tmp_path):
    moving = torch.tensor([TARGET, (0.5, 0.5)], dtype=torch.float64)
    assert proposition_2.judge_local_minima([moving], tmp_path).verdict is Verdict.FAILS


def test_c_decreases_at_any_rate_up_to_1(subtests):
    for rate in [0.01, 0.5, 1.0]:
        with subtests.test(rate=rate):
            rng = torch.Generator().manual_seed(0)
            data, g = (proposition_2.draw_random_distributions(50, rng) for _ in range(2))
            space = theory.make_states(data.shape[1])
            before, after = (
                theory.compute_criterion(data, q, space).value
                for q in (g, take_step(data, g, rate))
            )
            assert (after <= before + 1e-14).all()
