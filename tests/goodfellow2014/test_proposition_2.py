"""Convergence in function space, and two ways in which parameters do not converge."""

import math

import torch

from lightning_gan.analysis import theory
from lightning_gan.studies.goodfellow2014 import proposition_2
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.proposition_2 import (
    DATA,
    LINE,
    PLACES,
    TURN_RATE,
    Descent,
    against_a_point,
    convexity,
    curvature,
    descent,
    judge_function_space,
    over_least,
    slope,
    step,
)


def test_a_step_is_p_g_to_the_power_of_what_is_left_times_the_sum_to_the_rate():
    p, g = (torch.tensor([row], dtype=torch.float64) for row in ([0.5, 0.3, 0.2], [0.1, 0.1, 0.8]))
    expected = g**0.9 * (p + g) ** 0.1
    assert torch.allclose(step(p.log(), g.log(), 0.1).exp(), expected / expected.sum())


def test_p_data_is_where_no_step_leads_away():
    p = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64).log()
    assert torch.allclose(step(p, p), p, atol=1e-15)


def test_c_falls_at_every_step_and_p_g_becomes_p_data():
    found = descent(seed=3, starts=6, steps=400)
    assert found.over[:, 0].min() > 0.1
    assert found.over.diff(dim=1).max() < 1e-14
    assert found.variation[:, -1].max() < 1e-6


def test_c_is_convex_in_p_g():
    assert convexity(seed=0, segments=200) >= 0


def test_the_slope_under_a_d_that_stands_still_is_that_of_c():
    theta = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    whole = torch.autograd.grad(over_least(theta), theta)[0]
    assert torch.allclose(slope(theta[None])[0], whole, atol=1e-12)


def test_the_family_holds_p_data_and_a_local_minimum_with_the_weights_swapped():
    assert over_least(torch.tensor(PLACES, dtype=torch.float64)).abs() < 1e-12
    theta = torch.tensor([[2.0, -2.0]], dtype=torch.float64)
    for _ in range(100):
        theta = theta - slope(theta)
    assert slope(theta).norm() < 1e-10
    assert curvature(theta[0]) > 0.1
    assert over_least(theta).item() > 0.1
    assert (
        theory.compute_jensen_shannon(DATA, proposition_2.family(theta[0], LINE), LINE).value > 0.05
    )


def test_two_players_who_step_at_once_move_away_from_their_equilibrium_at_every_step():
    away = against_a_point(alternating=False, turns=50).double()
    theta, psi = away[:-1].T
    pull = TURN_RATE * torch.sigmoid(theta * psi)
    assert torch.allclose(
        away[1:].square().sum(1), (1 + pull**2) * away[:-1].square().sum(1), rtol=1e-4
    )


def test_two_players_who_step_in_turn_go_round():
    way = against_a_point(alternating=True)
    assert 0.5 < way.norm(dim=1).min() < way.norm(dim=1).max() < 2
    signs = way[:, 0].sign()
    assert (signs[1:] != signs[:-1]).sum() > 4


def curves(values: list[float]) -> Descent:
    return Descent(torch.tensor([values]).double(), torch.tensor([values]).double())


def test_a_rise_or_a_start_that_stays_away_or_a_dent_breaks_the_claim(tmp_path):
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


def test_what_is_proven_holds_and_what_is_not_proven_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(proposition_2, "SEGMENTS", 100)
    monkeypatch.setattr(proposition_2, "DESCENTS", 150)
    findings = proposition_2.run(Setting(out=tmp_path, seeds=range(2)))
    assert [f.verdict for f in findings[:3]] == [Verdict.HOLDS] * 3
    assert findings[3].ours.startswith("4 reach p_data; 12 stop")
    assert findings[4].verdict is Verdict.HOLDS
    assert findings[0].image.is_file()
    assert math.isfinite(against_a_point(True).sum())


def test_no_local_minimum_is_reported_where_descent_has_not_stopped(tmp_path):
    moving = torch.tensor([PLACES, (0.5, 0.5)], dtype=torch.float64)
    assert proposition_2.stuck([moving], tmp_path).verdict is Verdict.FAILS


def test_c_falls_at_any_rate_up_to_1(subtests):
    for rate in [0.01, 0.5, 1.0]:
        with subtests.test(rate=rate):
            rng = torch.Generator().manual_seed(0)
            data, g = (proposition_2.random_distributions(50, rng) for _ in range(2))
            space = theory.make_states(data.shape[1])
            before, after = (
                theory.compute_criterion(data, q, space).value for q in (g, step(data, g, rate))
            )
            assert (after <= before + 1e-14).all()
