"""Figure 1: measurements with closed forms, criteria, and a short run."""

import math
from dataclasses import replace
from statistics import NormalDist

import pytest
import torch
from PIL import Image
from torch import nn
from torch.distributions import Normal, Uniform

from lightning_gan.analysis import theory
from lightning_gan.analysis.generator_density import compute_generator_density
from lightning_gan.networks import LinearMLPGenerator
from lightning_gan.studies.goodfellow2014 import figure1
from lightning_gan.studies.goodfellow2014 import figure1_training as line
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict

PHI = NormalDist()


def straight(p_z, scale=1.0, shift=0.0):
    generator = LinearMLPGenerator([1], z_dim=1, widths=())
    with torch.no_grad():
        generator.network[0].weight.fill_(scale)
        generator.network[0].bias.fill_(shift)
    return generator, compute_generator_density(generator, p_z)


class KnownLogits(nn.Module):
    """Discriminator with given logits."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, x):
        return self.logits(x[:, 0])


def test_distances_of_two_gaussians_have_closed_forms(subtests):
    for shift in [0.0, 1.0, 3.0]:
        with subtests.test(shift=shift):
            _, g = straight(Normal(0.0, 1.0), shift=shift)
            assert line.measure_total_variation(g) == pytest.approx(
                2 * PHI.cdf(shift / 2) - 1, abs=1e-5
            )
            grid = theory.make_interval(-10, 14, 4001)
            other = Normal(shift, 1.0)
            expected = theory.compute_jensen_shannon(
                grid.compute_log_density(line.P_DATA), grid.compute_log_density(other), grid
            )
            assert line.measure_jensen_shannon(g) == pytest.approx(expected.value.item(), abs=1e-5)


def test_a_uniform_generator_misses_the_mass_outside():
    _, g = straight(Uniform(-1.0, 1.0))  # 1/2 on [-1, 1], above p_data everywhere there
    inside = PHI.cdf(1) - PHI.cdf(-1)
    assert line.measure_total_variation(g) == pytest.approx(1 - inside, abs=1e-6)


def test_far_apart_the_jsd_is_log_2():
    _, g = straight(Uniform(-1.0, 1.0), scale=0.5, shift=40.0)
    assert line.measure_jensen_shannon(g) == pytest.approx(math.log(2), abs=1e-6)


def test_the_region_holds_99_percent():
    ends = torch.tensor(line.find_region(0.99))
    assert line.P_DATA.cdf(ends).tolist() == pytest.approx([0.005, 0.995], abs=1e-6)


def test_the_optimal_d_has_distance_0_and_a_constant_one_does_not():
    generator, g = straight(Normal(0.0, 1.0), shift=1.0)
    optimal = KnownLogits(lambda x: 0.5 - x)  # log N(0, 1) - log N(1, 1)
    assert line.measure_off_optimal((generator, optimal), g, 0.05) < 1e-5
    low = PHI.inv_cdf(0.05) + 1  # lower end of the region: 5 % of p_g lie below
    high = line.find_region(0.99)[1]
    constant = KnownLogits(torch.zeros_like)
    farthest = max(abs(1 / (1 + math.exp(x - 0.5)) - 0.5) for x in (low, high))
    assert line.measure_off_optimal((generator, constant), g, 0.05) == pytest.approx(
        farthest, abs=1e-3
    )


def test_the_largest_distance_from_one_half():
    pair = straight(Uniform(-1.0, 1.0))[0], KnownLogits(lambda x: x)
    edge = line.find_region(0.95)[1]
    assert line.measure_off_half(pair, 0.95) == pytest.approx(
        1 / (1 + math.exp(-edge)) - 0.5, abs=1e-5
    )
    assert line.compute_mean_output(pair) == pytest.approx(0.5, abs=1e-6)  # G(z) even around 0


def test_every_seed_has_to_meet_the_criteria(tmp_path):
    good = {
        "near": 0.2, "off_optimal": 0.05, "mean_output": 0.4, "mean_output_after": 0.5, "off_half_95": 0.01,
        "off_half_99": 0.1,
        "total_variation": 0.02, "jensen_shannon": 0.001, "how": "change of variables",
    }  # fmt: skip
    verdicts = [f.verdict for f in figure1.judge_states([good, good], figure1.FULL, tmp_path)]
    assert verdicts.count(Verdict.HOLDS) == 5
    assert Verdict.FAILS not in verdicts
    for bad in (
        {"off_optimal": 0.2},
        {"mean_output_after": 0.3},
        {"off_half_95": 0.1},
        {"off_half_99": 0.3},
        {"total_variation": 0.3},
    ):
        found = figure1.judge_states([good, good | bad], figure1.FULL, tmp_path)
        assert [f.verdict for f in found].count(Verdict.FAILS) == 1


def test_the_claim_draws_the_four_states_and_caches_its_runs(tmp_path, monkeypatch):
    tiny = replace(figure1.QUICK, near=20, inner=5, long=4, k=1, frames=2)
    monkeypatch.setattr(figure1, "QUICK", tiny)
    setting = Setting(out=tmp_path, quick=True)
    found = figure1.run(setting)
    assert len(found) == 7
    assert all(f.image == tmp_path / "figure1" / "figure1.png" for f in found)
    with Image.open(found[0].image) as image:
        assert image.size == (1360, 380)
    with Image.open(tmp_path / "figure1" / "figure1.gif") as animation:
        assert animation.n_frames > 2
    monkeypatch.setattr(figure1, "run_seed", lambda *_: 1 / 0)
    assert figure1.run(setting) == found


def test_g_is_fixed_while_d_is_trained_and_d_while_g_is_updated():
    pair = line.make_networks(0)
    before = [p.clone() for network in pair for p in network.parameters()]
    n = len(list(pair[0].parameters()))

    def find_updated(model):
        figure1.train_in_memory(model, line.make_data(), 1)
        now = [p.detach() for network in pair for p in network.parameters()]
        changes = [not torch.equal(a, b) for a, b in zip(before, now, strict=True)]
        before[:] = [p.clone() for p in now]
        return any(changes[:n]), any(changes[n:])

    assert find_updated(line.make_gan(pair, 3, figure1.INNER_RULE, figure1.FROZEN, total=1)) == (
        False,
        True,
    )
    assert find_updated(line.make_gan(pair, 1, figure1.FROZEN, figure1.ONE_STEP, total=1)) == (
        True,
        False,
    )
