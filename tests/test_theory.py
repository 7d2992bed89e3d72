"""Section 4 by quadrature, against what is known in closed form."""

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
    return WIDE.log_density(one)


def logs(*p: float) -> torch.Tensor:
    return torch.tensor(p, dtype=torch.float64).log()


def test_the_best_answer_is_the_share_of_the_data():
    best = theory.optimal_discriminator(logs(0.3, 0.7), logs(0.1, 0.9))
    assert best.tolist() == pytest.approx([0.75, 7 / 16])


def test_densities_too_small_for_any_float_still_have_a_best_answer():
    tiny = torch.tensor([-5000.0])
    assert theory.optimal_discriminator(tiny, tiny - 1).item() == pytest.approx(
        1 / (1 + math.exp(-1))
    )


def test_where_one_density_has_no_mass_the_answer_is_certain_and_where_none_has_there_is_no_answer():
    best = theory.optimal_discriminator(logs(1, 0, 0), logs(0, 1, 0))
    assert best[:2].tolist() == [1.0, 0.0]
    assert best[2].isnan()


def test_points_without_any_mass_change_no_integral():
    p, q, space = logs(0.25, 0.75, 0), logs(0.5, 0.5, 0), theory.make_states(3)
    assert theory.criterion(p, q, space).value == theory.criterion(p[:2], q[:2], COIN).value
    assert (
        theory.jensen_shannon(p, q, space).value == theory.jensen_shannon(p[:2], q[:2], COIN).value
    )


def test_equal_densities_have_no_divergence():
    assert theory.jensen_shannon(gaussian(1, 2), gaussian(1, 2), WIDE).value.abs() < 1e-15
    assert theory.jensen_shannon(logs(0.2, 0.8), logs(0.2, 0.8), COIN).value.abs() < 1e-15


def test_disjoint_supports_are_log_2_apart():
    assert theory.jensen_shannon(logs(1, 0), logs(0, 1), COIN).value.item() == pytest.approx(
        math.log(2), abs=1e-15
    )
    far = theory.jensen_shannon(gaussian(-8, 0.4), gaussian(8, 0.4), WIDE).value.item()
    assert far == pytest.approx(math.log(2), abs=1e-12)


def test_the_divergence_of_two_coins_is_what_paper_and_pencil_say():
    by_hand = (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2
    assert theory.jensen_shannon(logs(1, 0), logs(0.5, 0.5), COIN).value.item() == pytest.approx(
        by_hand
    )


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
    found = theory.jensen_shannon(gaussian(0, 1), gaussian(mean, std), WIDE)
    assert found.value.item() == pytest.approx(expected, abs=1e-9)
    assert found.error < 1e-9


def test_a_d_that_knows_nothing_has_the_value_of_its_constant(subtests):
    for answer in [0.5, 0.1, 0.99]:
        with subtests.test(answer=answer):
            scores = torch.logit(torch.full((1001,), answer, dtype=torch.float64))
            found = theory.value(scores, gaussian(0, 1), gaussian(2, 1), WIDE).value.item()
            assert found == pytest.approx(math.log(answer) + math.log(1 - answer))


def test_at_the_optimum_both_ways_lead_to_minus_log_4_and_twice_the_divergence():
    for q in (gaussian(0, 1), gaussian(1, 1), gaussian(-7, 0.5)):
        twice = 2 * theory.jensen_shannon(gaussian(0, 1), q, WIDE).value
        found = theory.criterion(gaussian(0, 1), q, WIDE).value
        assert (found - (twice - math.log(4))).abs() < 1e-9


def test_the_same_in_the_plane_where_a_product_of_lines_is_known():
    plane = theory.make_rectangle([-9, -9], [9, 9], 301)
    p = Independent(Normal(torch.zeros(2).double(), 1.0), 1)
    q = MultivariateNormal(torch.tensor([1.0, 0.0]).double(), torch.eye(2).double())
    flat = theory.jensen_shannon(plane.log_density(p), plane.log_density(q), plane).value
    on_a_line = theory.jensen_shannon(
        gaussian(0, 1), gaussian(1, 1), WIDE
    ).value  # the other coordinate tells nothing
    assert (flat - on_a_line).abs() < 1e-9


def test_no_d_is_better_than_the_best():
    p, q = gaussian(0, 1), gaussian(1, 2)
    best, rng = theory.optimal_score(p, q), torch.Generator().manual_seed(0)
    for scale in (0.01, 1.0, 10.0):
        other = best + scale * torch.randn(len(best), generator=rng)
        assert theory.value(other, p, q, WIDE).value < theory.criterion(p, q, WIDE).value


def test_the_gradient_of_c_is_that_of_v_while_the_best_d_stands_still():
    p, mean = gaussian(0, 1), torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    q = WIDE.log_density(Normal(mean, 1.0))
    still = theory.value(theory.optimal_score(p, q).detach(), p, q, WIDE).value
    moving = theory.criterion(p, q, WIDE).value
    first, second = (torch.autograd.grad(v, mean, retain_graph=True)[0] for v in (still, moving))
    assert first.item() == pytest.approx(second.item(), abs=1e-12)
    assert first > 0.1


def test_gradients_are_finite_where_a_density_is_zero():
    logits = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    theory.jensen_shannon(logs(1, 0), logits.log_softmax(0), COIN).value.backward()
    assert logits.grad.isfinite().all()


def test_total_variation_is_half_the_difference():
    assert theory.total_variation(logs(0.5, 0.5), logs(0.2, 0.8), COIN).item() == pytest.approx(0.3)


def test_rows_are_densities_of_their_own():
    q = torch.stack([gaussian(0, 1), gaussian(1, 1), gaussian(2, 1)])
    together = theory.jensen_shannon(gaussian(0, 1), q, WIDE).value
    alone = [theory.jensen_shannon(gaussian(0, 1), one, WIDE).value.item() for one in q]
    assert together.tolist() == pytest.approx(alone, abs=1e-15)


def test_the_stated_error_is_above_the_true_one():
    for n in (9, 13, 21, 41):
        grid = theory.make_interval(-6, 6, n)
        found = grid.integral(grid.log_density(Normal(torch.tensor(0.1).double(), 1.0)).exp())
        assert found.error >= abs(found.value.item() - 1) - 1e-8  # mass beyond 6
    assert found.error < 1e-5


def test_a_trapezoid_is_exact_for_straight_lines():
    grid = theory.make_rectangle([0, 0], [1, 2], 5)
    x, y = grid.points.T
    assert grid.integral(1 + x + y).value.item() == pytest.approx(2 * (1 + 0.5 + 1))
    assert grid.integral(1 + x + y).error < 1e-12


def test_a_grid_that_misses_mass_is_refused(subtests):
    for grid, sentence in [
        (
            theory.make_interval(-1, 14, 1001),
            "p_g has the mass 0.84134.., and 1 is wanted to 1e-06: take a wider grid",
        ),
        (theory.make_interval(-14, 14, 21), "or a finer one if the density is narrow"),
    ]:
        with subtests.test(grid=grid, sentence=sentence):
            whole = torch.full(
                (len(grid.weights),), -grid.weights.sum().log().item(), dtype=torch.float64
            )
            density = grid.log_density(
                Normal(torch.tensor(0.0).double(), torch.tensor(1.0 if len(whole) > 99 else 0.2))
            )
            with pytest.raises(ValueError, match=sentence):
                theory.criterion(whole, density, grid)


def test_a_density_that_is_no_number_is_refused_by_its_name():
    with pytest.raises(ValueError, match="p_data has the mass nan"):
        theory.jensen_shannon(torch.full((2,), torch.nan), logs(0.5, 0.5), COIN)


def test_one_row_that_misses_mass_is_found_among_good_ones():
    with pytest.raises(ValueError, match=r"p_g has the mass 0\.9000000"):
        theory.jensen_shannon(logs(0.5, 0.5), torch.stack([logs(0.5, 0.5), logs(0.5, 0.4)]), COIN)


def test_shapes_that_do_not_fit_the_grid_are_named():
    with pytest.raises(
        ValueError, match=r"log p_g has shape \[3\]: its last side has to be the grid's 2"
    ):
        theory.criterion(logs(0.5, 0.5), logs(0.2, 0.3, 0.5), COIN)


def test_grids_that_are_none_are_refused(subtests):
    for low, high, n in [(0, 1, 4), (0, 1, 3), (1, 0, 101)]:
        with subtests.test(low=low, high=high, n=n):
            with pytest.raises(
                ValueError, match="want an odd number, 5 or more, and low below high"
            ):
                theory.make_interval(low, high, n)


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(theory).failed == 0
