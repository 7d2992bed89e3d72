"""Equations 2, 8 and 9 of Mao et al. (2017), in float64."""

import pytest
import torch
from equations import FAKE, REAL, Points, assert_same

from lightning_gan.losses import LeastSquares

CODINGS = [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0)]


def test_losses_equal_equation_2(subtests):
    for a, b, c in CODINGS:
        with subtests.test(a=a, b=b, c=c):
            loss = LeastSquares(a, b, c)
            assert_same(
                loss.d_loss,
                lambda r, f: ((r - b) ** 2).mean() / 2 + ((f - a) ** 2).mean() / 2,
                REAL,
                FAKE,
            )
            assert_same(loss.g_loss, lambda f: ((f - c) ** 2).mean() / 2, FAKE)


def test_defaults_are_equation_9():
    assert_same(
        LeastSquares().d_loss, lambda r, f: (r - 1).pow(2).mean() / 2 + f.pow(2).mean() / 2, REAL, FAKE
    )  # fmt: skip
    assert_same(LeastSquares().g_loss, lambda f: (f - 1).pow(2).mean() / 2, FAKE)


def test_gradient_grows_with_the_distance_from_the_target():
    scores = torch.linspace(-100, 100, 201, dtype=torch.float64, requires_grad=True)
    (got,) = torch.autograd.grad(LeastSquares().g_loss(scores) * len(scores), scores)
    torch.testing.assert_close(got, scores.detach() - 1)


def test_codes_of_equation_8_give_the_pearson_chi_square_at_the_optimal_d():
    loss, points = LeastSquares(*CODINGS[1]), Points()
    both = points.p_data + points.p_g
    best = (loss.b * points.p_data + loss.a * points.p_g) / both
    torch.testing.assert_close(points.pull(loss.d_loss, best), torch.zeros(3, dtype=torch.float64))
    real, fake = points.scores(best)
    chi_square = ((2 * points.p_g - both) ** 2 / both).sum()
    # C(G) with the term of the examples, which does not move G
    torch.testing.assert_close(2 * (loss.g_loss(fake) + loss.g_loss(real)), chi_square)


def test_targets_not_above_a_are_an_error(subtests):
    for codes in [(1.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]:
        with subtests.test(codes=codes):
            with pytest.raises(ValueError, match="give b and c above a"):
                LeastSquares(*codes)
