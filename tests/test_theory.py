"""Section 4 of Goodfellow et al. (2014) by quadrature, compared with closed forms."""

import doctest
import math

import pytest
import torch
from scipy.integrate import quad
from torch.distributions import Independent, MultivariateNormal, Normal

from lightning_gan.analysis import theory

WIDE = theory.make_interval(-14, 14, 1001)
COIN = theory.make_states(2)


def gaussian(mean: float, std: float) -> torch.Tensor:
    one = Normal(torch.tensor(mean).double(), torch.tensor(std).double())
    return WIDE.compute_log_density(one)


def logs(*p: float) -> torch.Tensor:
    return torch.tensor(p, dtype=torch.float64).log()


def test_d_star_is_the_share_of_the_data():
    best = theory.compute_optimal_discriminator(logs(0.3, 0.7), logs(0.1, 0.9))
    assert best.tolist() == pytest.approx([0.75, 7 / 16])


def test_d_star_is_exact_where_densities_underflow():
    tiny = torch.tensor([-5000.0])
    assert theory.compute_optimal_discriminator(tiny, tiny - 1).item() == pytest.approx(
        1 / (1 + math.exp(-1))
    )


def test_d_star_is_0_or_1_where_one_density_is_0_and_nan_where_both_are():
    best = theory.compute_optimal_discriminator(logs(1, 0, 0), logs(0, 1, 0))
    assert best[:2].tolist() == [1.0, 0.0]
    assert best[2].isnan()


def test_points_without_mass_do_not_change_integrals():
    p, q, space = logs(0.25, 0.75, 0), logs(0.5, 0.5, 0), theory.make_states(3)
    assert (
        theory.compute_criterion(p, q, space).value
        == theory.compute_criterion(p[:2], q[:2], COIN).value
    )
    assert (
        theory.compute_jensen_shannon(p, q, space).value
        == theory.compute_jensen_shannon(p[:2], q[:2], COIN).value
    )


def test_equal_densities_have_no_divergence():
    assert theory.compute_jensen_shannon(gaussian(1, 2), gaussian(1, 2), WIDE).value.abs() < 1e-15
    assert theory.compute_jensen_shannon(logs(0.2, 0.8), logs(0.2, 0.8), COIN).value.abs() < 1e-15


def test_disjoint_supports_are_log_2_apart():
    assert theory.compute_jensen_shannon(
        logs(1, 0), logs(0, 1), COIN
    ).value.item() == pytest.approx(math.log(2), abs=1e-15)
    far = theory.compute_jensen_shannon(gaussian(-8, 0.4), gaussian(8, 0.4), WIDE).value.item()
    assert far == pytest.approx(math.log(2), abs=1e-12)


def test_the_divergence_of_two_coins_equals_a_calculation_by_hand():
    by_hand = (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2
    assert theory.compute_jensen_shannon(
        logs(1, 0), logs(0.5, 0.5), COIN
    ).value.item() == pytest.approx(by_hand)


@pytest.mark.parametrize(("mean", "std"), [(1.0, 1.0), (0.0, 2.0), (3.0, 0.5)])
def test_the_divergence_of_two_gaussians_is_the_entropy_of_the_mixture_less_their_own(mean, std):
    def minus_log_mixture(x):
        parts = [
            math.exp(-(((x - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
            for m, s in ((0, 1), (mean, std))
        ]
        mixed = sum(parts) / 2
        return -mixed * math.log(mixed)

    entropies = [0.5 * math.log(2 * math.pi * math.e * s**2) for s in (1, std)]
    expected = quad(minus_log_mixture, -13, 13, epsabs=1e-12, limit=500)[0] - sum(entropies) / 2
    found = theory.compute_jensen_shannon(gaussian(0, 1), gaussian(mean, std), WIDE)
    assert found.value.item() == pytest.approx(expected, abs=1e-9)
    assert found.error < 1e-9


def test_a_constant_d_has_the_value_of_its_constant(subtests):
    for answer in [0.5, 0.1, 0.99]:
        with subtests.test(answer=answer):
            scores = torch.logit(torch.full((1001,), answer, dtype=torch.float64))
            found = theory.compute_value(scores, gaussian(0, 1), gaussian(2, 1), WIDE).value.item()
            assert found == pytest.approx(math.log(answer) + math.log(1 - answer))


def test_the_criterion_is_twice_the_divergence_minus_log_4():
    for q in (gaussian(0, 1), gaussian(1, 1), gaussian(-7, 0.5)):
        twice = 2 * theory.compute_jensen_shannon(gaussian(0, 1), q, WIDE).value
        found = theory.compute_criterion(gaussian(0, 1), q, WIDE).value
        assert (found - (twice - math.log(4))).abs() < 1e-9


def test_a_product_density_in_the_plane_equals_the_result_in_one_dimension():
    plane = theory.make_rectangle([-9, -9], [9, 9], 301)
    p = Independent(Normal(torch.zeros(2).double(), 1.0), 1)
    q = MultivariateNormal(torch.tensor([1.0, 0.0]).double(), torch.eye(2).double())
    flat = theory.compute_jensen_shannon(
        plane.compute_log_density(p), plane.compute_log_density(q), plane
    ).value
    on_a_line = theory.compute_jensen_shannon(
        gaussian(0, 1), gaussian(1, 1), WIDE
    ).value  # the other coordinate is equal in both
    assert (flat - on_a_line).abs() < 1e-9


def test_no_d_is_better_than_the_best():
    p, q = gaussian(0, 1), gaussian(1, 2)
    best, rng = theory.compute_optimal_logits(p, q), torch.Generator().manual_seed(0)
    for scale in (0.01, 1.0, 10.0):
        other = best + scale * torch.randn(len(best), generator=rng)
        assert (
            theory.compute_value(other, p, q, WIDE).value
            < theory.compute_criterion(p, q, WIDE).value
        )


def test_the_gradient_of_c_equals_that_of_v_with_d_star_fixed():
    p, mean = gaussian(0, 1), torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    q = WIDE.compute_log_density(Normal(mean, 1.0))
    fixed = theory.compute_value(theory.compute_optimal_logits(p, q).detach(), p, q, WIDE).value
    moving = theory.compute_criterion(p, q, WIDE).value
    first, second = (torch.autograd.grad(v, mean, retain_graph=True)[0] for v in (fixed, moving))
    assert first.item() == pytest.approx(second.item(), abs=1e-12)
    assert first > 0.1


def test_gradients_are_finite_where_a_density_is_zero():
    logits = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    theory.compute_jensen_shannon(logs(1, 0), logits.log_softmax(0), COIN).value.backward()
    assert logits.grad.isfinite().all()


def test_total_variation_is_half_the_difference():
    assert theory.compute_total_variation(
        logs(0.5, 0.5), logs(0.2, 0.8), COIN
    ).item() == pytest.approx(0.3)


def test_rows_are_independent_densities():
    q = torch.stack([gaussian(0, 1), gaussian(1, 1), gaussian(2, 1)])
    together = theory.compute_jensen_shannon(gaussian(0, 1), q, WIDE).value
    alone = [theory.compute_jensen_shannon(gaussian(0, 1), one, WIDE).value.item() for one in q]
    assert together.tolist() == pytest.approx(alone, abs=1e-15)


def test_the_stated_error_is_above_the_true_one():
    for n in (9, 13, 21, 41):
        grid = theory.make_interval(-6, 6, n)
        found = grid.integrate(
            grid.compute_log_density(Normal(torch.tensor(0.1).double(), 1.0)).exp()
        )
        assert found.error >= abs(found.value.item() - 1) - 1e-8  # mass beyond 6
    assert found.error < 1e-5


def test_the_trapezoid_rule_is_exact_for_linear_functions():
    grid = theory.make_rectangle([0, 0], [1, 2], 5)
    x, y = grid.points.T
    assert grid.integrate(1 + x + y).value.item() == pytest.approx(2 * (1 + 0.5 + 1))
    assert grid.integrate(1 + x + y).error < 1e-12


def test_a_grid_that_misses_mass_is_an_error(subtests):
    for grid, sentence in [
        (
            theory.make_interval(-1, 14, 1001),
            r"p_g has the mass 0.84134.. instead of 1 \(tolerance 1e-06\): use a wider grid",
        ),
        (theory.make_interval(-14, 14, 21), "or a finer one if the density is narrow"),
    ]:
        with subtests.test(grid=grid, sentence=sentence):
            whole = torch.full(
                (len(grid.weights),), -grid.weights.sum().log().item(), dtype=torch.float64
            )
            density = grid.compute_log_density(
                Normal(torch.tensor(0.0).double(), torch.tensor(1.0 if len(whole) > 99 else 0.2))
            )
            with pytest.raises(ValueError, match=sentence):
                theory.compute_criterion(whole, density, grid)


def test_a_density_that_is_nan_is_an_error():
    with pytest.raises(ValueError, match="p_data has the mass nan"):
        theory.compute_jensen_shannon(torch.full((2,), torch.nan), logs(0.5, 0.5), COIN)


def test_one_row_that_misses_mass_is_found_among_valid_ones():
    with pytest.raises(ValueError, match=r"p_g has the mass 0\.9000000"):
        theory.compute_jensen_shannon(
            logs(0.5, 0.5), torch.stack([logs(0.5, 0.5), logs(0.5, 0.4)]), COIN
        )


def test_shapes_that_do_not_fit_the_grid_are_errors():
    with pytest.raises(
        ValueError, match=r"log p_g has shape \[3\]: its last dimension must be the grid's 2"
    ):
        theory.compute_criterion(logs(0.5, 0.5), logs(0.2, 0.3, 0.5), COIN)


def test_invalid_grids_are_errors(subtests):
    for low, high, n in [(0, 1, 4), (0, 1, 3), (1, 0, 101)]:
        with subtests.test(low=low, high=high, n=n):
            with pytest.raises(
                ValueError, match="give an odd number, 5 or more, and low below high"
            ):
                theory.make_interval(low, high, n)


def test_the_docstring_example_is_correct():
    assert doctest.testmod(theory).failed == 0
