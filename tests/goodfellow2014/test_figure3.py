"""Figure 3: lines in z of models of which it is known what lies between."""

from types import SimpleNamespace

import pytest
import torch

from lightning_gan.feature_extractors import Features
from lightning_gan.studies.goodfellow2014 import figure3
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.figure3 import (
    Eye,
    different,
    first_seen_as,
    line,
    measure,
    run,
    table,
)

COLUMNS = torch.arange(28.0)


def bars(places):
    """Images of a smooth bar at each place, in columns: [n, 1, 28, 28]."""
    profile = torch.exp(-((COLUMNS - places[:, None]) ** 2) / 8)
    return profile[:, None, None].expand(-1, 1, 28, -1)


class Bars:
    """A model whose G draws a bar where z says; `steps` places only, if they are given."""

    def __init__(self, steps=None):
        self.steps = steps

    def noise(self, m, rng):
        return torch.rand(m, 1, generator=rng)

    def generate(self, z):
        z = z[:, 0]
        return bars(3 + 21 * (z if self.steps is None else (z * self.steps).round() / self.steps))


def network(image_bytes):
    """Ten classes of places: the more of the ink lies in one, the surer; the features are the columns."""
    columns = image_bytes.float().mean((1, 2)) / 255
    at = columns[:, None] * torch.exp(-((COLUMNS - torch.linspace(3, 24, 10)[:, None]) ** 2) / 8)
    return Features(columns, 8 * at.sum(2))


EYE = Eye(network, (0.0, 1.0))
SAMPLE_SET = bars(torch.linspace(3, 24, 500))[:, 0, 0]


def verdicts(gan):
    return [f.verdict for f in table([measure(gan, EYE, SAMPLE_SET, 40)])]


def test_a_smooth_model_that_stays_on_its_data_holds():
    assert verdicts(Bars()) == [Verdict.HOLDS] * 3


def test_a_model_that_jumps_from_one_image_to_another_fails():
    assert verdicts(Bars(steps=3))[0] is Verdict.FAILS


def test_a_model_that_blends_gains_nothing_over_blends():
    class Blends(Bars):
        def generate(self, z):
            return line(bars(torch.tensor([3.0])), bars(torch.tensor([24.0])), 1001)[
                (z[:, 0] * 1000).round().long(), 0
            ]

    assert verdicts(Blends()) == [Verdict.HOLDS, Verdict.FAILS, Verdict.FAILS]


def test_numbers_are_of_lines_or_of_seeds():
    found = measure(Bars(), EYE, SAMPLE_SET, 40)
    assert found.steps.shape == found.distance.shape == (40,)
    assert "(40 lines)" in table([found])[1].ours
    assert "(2 seeds)" in table([found, found])[1].ours
    assert found.distance.max() < 0.2 < found.distance_blended.mean()


def test_a_line_goes_from_end_to_end_in_equal_steps():
    points = line(torch.zeros(2, 3), torch.tensor([[3.0], [6.0]]).expand(2, 3), 4)
    assert torch.allclose(points[..., 0], torch.arange(4.0)[:, None] * torch.tensor([1.0, 2.0]))


def test_ends_are_the_first_clear_sample_of_each_class():
    p = torch.tensor([[0.5, 0.5], [0.05, 0.95], [0.9, 0.1], [0.95, 0.05]])
    assert first_seen_as((1, 0), p) == [1, 2]
    with pytest.raises(ValueError, match="None of 2 samples is seen as a 1 with a confidence"):
        first_seen_as((0, 1), p[2:])


def test_pairs_are_clear_digits_of_two_kinds():
    p = torch.tensor([[[0.95, 0.05], [0.95, 0.05], [0.6, 0.4]], [[0.05, 0.95], [0.9, 0.1], [0, 1]]])
    assert different(p).tolist() == [True, False, False]


def test_a_model_without_clear_digits_is_told_so():
    def unsure(image_bytes):
        return Features(torch.zeros(len(image_bytes), 28), torch.zeros(len(image_bytes), 10))

    flat = Eye(unsure, (0.0, 1.0))
    with pytest.raises(ValueError, match="0 of 1000 pairs of samples are two clear digits"):
        measure(Bars(), flat, SAMPLE_SET, 40)


def test_the_claim_draws_the_chain_and_the_first_lines(monkeypatch, tmp_path):
    data = SimpleNamespace(
        uint8_images=lambda split: bars(torch.linspace(3, 24, 99)).mul(255).to(torch.uint8),
        display_range=(0.0, 1.0),
    )
    monkeypatch.setattr(figure3, "Classifier", lambda: SimpleNamespace(load=lambda: network))
    monkeypatch.setattr(figure3, "mnist_run", lambda setting, seed: tmp_path)
    monkeypatch.setattr(figure3, "load_data", lambda run: data)
    monkeypatch.setattr(figure3, "load_model", lambda run: Bars())
    findings = run(Setting(tmp_path, quick=True))
    assert [f.verdict for f in findings] == [Verdict.SHOWN] * 2 + [Verdict.HOLDS] * 3
    assert all(f.image.is_file() for f in findings[:2])
    assert "300 updates" in findings[-2].note
