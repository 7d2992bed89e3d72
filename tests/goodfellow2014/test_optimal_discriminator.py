"""Proposition 1: comparison of D with D* for known densities."""

import pytest
import torch

from lightning_gan.analysis import theory
from lightning_gan.studies.goodfellow2014 import optimal_discriminator
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.optimal_discriminator import (
    MASS,
    TwoGaussians,
    judge_discriminators,
    make_line,
    make_plane,
    measure_error,
    measure_value_gap,
    train_discriminator,
)


def test_p_g_is_the_density_of_the_samples(subtests):
    for known in [make_line(), make_plane()]:
        with subtests.test(known=known):
            z = known.prior.sample(
                200_000, len(known.shift), torch.device("cpu"), torch.Generator().manual_seed(0)
            )
            x = z @ known.weight.T + known.shift
            points, density = known.grid.points, known.logs[1].exp() * known.grid.weights
            mean = (density[:, None] * points).sum(0)
            second = (density[:, None] * points**2).sum(0)
            assert torch.allclose(x.double().mean(0), mean, atol=0.02)
            assert torch.allclose(x.double().square().mean(0), second, rtol=0.02)
            if (
                points.shape[1] == 1
            ):  # shares in four intervals, which distinguish two modes from one
                for low, high in ((-9, -1), (-1, 0.5), (0.5, 2), (2, 9)):
                    share = ((x > low) & (x < high)).double().mean()
                    inside = ((points > low) & (points < high)).squeeze(1)
                    assert share.item() == pytest.approx(density[inside].sum().item(), abs=0.01)


def test_the_noise_depends_only_on_its_generator():
    draws = [
        TwoGaussians().sample(5, 2, torch.device("cpu"), torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    assert torch.equal(*draws)


def test_the_region_holds_its_mass_at_the_highest_densities(subtests):
    for known in [make_line(), make_plane()]:
        with subtests.test(known=known):
            density = torch.logaddexp(*known.logs).exp() / 2
            inside = known.region
            assert (density * known.grid.weights)[inside].sum().item() == pytest.approx(
                MASS, abs=2e-3
            )
            assert density[inside].min() >= density[~inside].max()


def test_the_optimal_d_has_no_error_and_no_value_gap():
    known = make_line()
    best = theory.compute_optimal_logits(*known.logs)
    assert measure_error(known, best) == 0
    assert abs(measure_value_gap(known, best)) < 1e-12
    assert measure_error(known, torch.zeros_like(best)) == pytest.approx(0.5, abs=0.06)
    assert measure_value_gap(known, torch.zeros_like(best)) > 0.1


def test_d_learns_and_g_is_fixed():
    known = make_line()
    model, logits = train_discriminator(known, seed=0, updates=200)
    layer = model.generator.network[0]
    assert torch.equal(layer.weight, known.weight)
    assert torch.equal(layer.bias, known.shift)
    assert model.d_updates == 200
    assert (
        0
        < measure_value_gap(known, logits)
        < 0.05
        < measure_value_gap(known, torch.zeros_like(logits))
    )


def test_one_bad_seed_or_a_value_above_the_optimum_fails(tmp_path, monkeypatch):
    known = make_line()
    best = theory.compute_optimal_logits(*known.logs)
    assert [
        f.verdict for f in judge_discriminators("line", known, [best, best], 0.1, tmp_path)
    ] == [Verdict.HOLDS] * 2
    assert (
        judge_discriminators("line", known, [best, best + 1], 0.1, tmp_path)[0].verdict
        is Verdict.FAILS
    )
    monkeypatch.setattr(optimal_discriminator, "measure_value_gap", lambda known, logits: -0.01)
    assert judge_discriminators("line", known, [best], 0.1, tmp_path)[1].verdict is Verdict.FAILS


def test_both_models_are_judged_and_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(optimal_discriminator, "QUICK_UPDATES", 50)
    monkeypatch.setattr(optimal_discriminator, "AT_ONCE", 50)
    findings = optimal_discriminator.run(Setting(out=tmp_path, quick=True))
    assert len(findings) == 4
    assert len({f.image for f in findings}) == 2
    assert all(f.image.is_file() for f in findings)
