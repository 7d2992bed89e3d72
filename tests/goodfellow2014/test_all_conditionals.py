"""Claim about all conditionals: densities, distances and completions with known answers."""

import itertools
from functools import partial

import pytest
import torch

from lightning_gan.feature_extractors import Features
from lightning_gan.studies.goodfellow2014 import all_conditionals, inpainting
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.plane_densities import (
    ConditionalDistance,
    Correlated,
    measure_family,
)

CROSS = (0.9, -0.9)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_conditional_is_the_joint_over_the_marginal(subtests):
    for correlations in [(0.8,), CROSS]:
        with subtests.test(correlations=correlations):
            data = Correlated(correlations)
            at = torch.linspace(-6, 6, 1201)
            for value in (-1.5, 0.3):
                pairs = torch.stack([at, torch.full_like(at, value)], 1)
                marginal = torch.distributions.Normal(0, 1).log_prob(torch.tensor(value))
                expected = (data.density.log_prob(pairs) - marginal).exp()
                torch.testing.assert_close(
                    data.conditional_density(value, at), expected, atol=1e-5, rtol=1e-3
                )
                assert torch.trapezoid(expected, at).item() == pytest.approx(1, abs=1e-4)


def test_draws_have_the_moments_of_the_density():
    points, part = Correlated((0.8,)).draw(100_000, rng())
    torch.testing.assert_close(
        points.T.cov(), torch.tensor([[1, 0.8], [0.8, 1]]), atol=0.02, rtol=0
    )
    assert (part == 0).all()
    cross, part = Correlated(CROSS).draw(100_000, rng())
    torch.testing.assert_close(cross.T.cov(), torch.eye(2), atol=0.02, rtol=0)
    torch.testing.assert_close(
        cross[part == 1].T.cov()[0, 1], torch.tensor(-0.9), atol=0.02, rtol=0
    )
    given = Correlated((0.8,)).draw_conditional(torch.tensor([1.0, -2.0]), 50_000, rng())
    torch.testing.assert_close(given.mean(1), torch.tensor([0.8, -1.6]), atol=0.02, rtol=0)
    torch.testing.assert_close(given.std(1), torch.tensor([0.6, 0.6]), atol=0.01, rtol=0)


def test_an_invalid_correlation_is_refused(subtests):
    for correlations in [(), (1.0,), (0.5, -1.2)]:
        with subtests.test(correlations=correlations):
            with pytest.raises(ValueError, match=r"above -1 and below 1|between -1 and 1"):
                Correlated(correlations)


class Exact:
    """Model with exact conditionals, or with independent coordinates."""

    def __init__(self, data, conditional=True):
        self.data, self.conditional = data, conditional

    def inpaint(self, x, mask, n, seed):
        (hidden,) = (mask == 0).nonzero().flatten().tolist()
        known = x[:, 1 - hidden]
        made = torch.randn(len(x), n, generator=rng(99))
        if self.conditional:
            made = self.data.draw_conditional(known, n, rng(99))
        return torch.stack([made, made], -1)

    def sample(self, n, seed):
        return (
            self.data.draw(n, rng(98))[0]
            if self.conditional
            else torch.randn(n, 2, generator=rng(98))
        )


def test_an_exact_model_misses_0_and_an_independent_one_1(subtests):
    for (conditional, missed), correlations in itertools.product(
        [(True, 0.0), (False, 1.0)], [(0.8,), CROSS]
    ):
        with subtests.test(correlations=correlations, conditional=conditional, missed=missed):
            data = Correlated(correlations)
            members = measure_family(Exact(data, conditional), data, values=50, draws=200)
            assert [m.name for m in members] == ["p(x1 | x2)", "p(x2 | x1)", "p(x1, x2)"]
            for member in members:
                assert member.missed == pytest.approx(missed, abs=0.1)


def test_distances_are_formatted_with_their_errors():
    member = ConditionalDistance(
        "p", torch.tensor([0.2, 0.4]), torch.tensor([0.1, 0.1]), torch.tensor([0.5, 0.5])
    )
    assert member.missed == pytest.approx(0.5)
    assert (
        str(member)
        == "p 0.300 ± 0.100 (exact samples 0.100 ± 0.000, marginal samples 0.500 ± 0.000)"
    )


@pytest.mark.slow
def test_the_short_version_judges_and_draws_both_densities(tmp_path, monkeypatch):
    monkeypatch.setattr(all_conditionals, "QUICK_STEPS", 2)
    monkeypatch.setattr(
        all_conditionals, "measure_family", partial(measure_family, values=20, draws=100)
    )
    found = all_conditionals.run(Setting(tmp_path, quick=True))
    assert [f.verdict for f in found] == [Verdict.FAILS] * 2  # after two steps
    assert all(f.image.is_file() for f in found)


# digits


class Digits:
    """Twenty images of ten classes with a brightness that increases with the class."""

    num_classes = 10

    def images(self, split):
        return (self.labels(split) / 9).view(-1, 1, 1, 1).expand(-1, 1, 28, 28).contiguous()

    def labels(self, split):
        return torch.arange(20) % 10


class Model:
    """Model that completes images with a little noise, or always with the same grey."""

    def __init__(self, good):
        self.good, self.generator = good, self

    data_shape, value_range = (1, 28, 28), (0.0, 1.0)

    def inpaint(self, x, mask, n, seed):
        noise = 0.01 * torch.rand(len(x), n, *self.data_shape, generator=rng(seed))
        made = x[:, None] - noise if self.good else torch.full_like(noise, 0.5)
        return mask.view(-1, 1, 1, 28, 28) * x[:, None] + (
            1 - mask.view(-1, 1, 1, 28, 28)
        ) * made.clamp(0, 1)


def reads_brightness(image_bytes):
    read = (image_bytes.float().mean((1, 2, 3)) / 255 * 9).round().long()
    return Features(image_bytes, torch.nn.functional.one_hot(read, 10).float())


def test_halves_and_neighbours():
    left, upper = inpainting.make_half_masks((1, 4, 6))
    assert left.sum() == upper.sum() == 12
    assert left[0, :, :3].min() == upper[0, :2].min() == 1
    sample_set = torch.rand(6, 1, 4, 6)
    x = torch.where(left == 1, sample_set[[4, 1]], torch.tensor(9.0))  # hidden pixels are ignored
    assert inpainting.find_neighbours(x, sample_set, left, 2)[:, 0].tolist() == [4, 1]


def test_measurements_of_good_and_bad_completions():
    good, bad = (
        inpainting.measure_completions(Model(g), Digits(), reads_brightness, n=10)
        for g in (True, False)
    )
    assert good.accuracy == good.neighbour == 1.0
    assert bad.accuracy == bad.mean_fill < 0.5
    assert good.gain[0] == pytest.approx(1 - good.mean_fill)
    assert good.spread[0] == pytest.approx(0.01 / 12**0.5, rel=0.15)
    assert bad.spread == (0.0, 0.0)


def test_verdicts_follow_the_measurement(tmp_path_factory, subtests):
    for good, verdict in [(True, Verdict.HOLDS), (False, Verdict.FAILS)]:
        with subtests.test(good=good, verdict=verdict):
            tmp_path = tmp_path_factory.mktemp("row")
            measured = inpainting.measure_completions(Model(good), Digits(), reads_brightness, n=10)
            assert inpainting._judge_accuracy([measured], tmp_path).verdict is verdict
            alike = inpainting.CompletionScores(
                0.9, 0.4, 0.9, (0.5, 0.1), (0.03 if good else 0.02, 0.0), (0.1, 0.0)
            )
            assert inpainting._judge_diversity([alike]).verdict is verdict


def test_completions_are_drawn(tmp_path):
    path = inpainting.draw_inpainting(Model(True), Digits(), tmp_path / "a.png")
    assert path.stat().st_size > 1000


def test_without_a_classifier_completions_are_not_run(tmp_path):
    (found,) = inpainting.judge_completions(Setting(tmp_path), "all_conditionals")
    assert found.verdict is Verdict.NOT_RUN
    assert "download --classifier mnist" in found.result
