"""Figure 3: lines in z of models with known interpolations."""

from types import SimpleNamespace

import pytest
import torch

from lightning_gan.feature_extractors import Features
from lightning_gan.studies.goodfellow2014 import figure3
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.figure3 import (
    DigitClassifier,
    find_distinct_pairs,
    find_first_of_classes,
    interpolate_noise,
    judge_lines,
    measure_lines,
    run,
)

COLUMNS = torch.arange(28.0)


def bars(positions):
    """Draw a smooth vertical bar at each position, [n, 1, 28, 28]."""
    profile = torch.exp(-((COLUMNS - positions[:, None]) ** 2) / 8)
    return profile[:, None, None].expand(-1, 1, 28, -1)


class Bars:
    """Model whose G draws a bar at position z, rounded to `steps` positions if they are given."""

    def __init__(self, steps=None):
        self.steps = steps

    def sample_inputs(self, m, rng):
        return torch.rand(m, 1, generator=rng)

    def generate(self, z):
        z = z[:, 0]
        return bars(3 + 21 * (z if self.steps is None else (z * self.steps).round() / self.steps))


def network(image_bytes):
    """Classify a bar by its position into ten classes; the features are the column means."""
    columns = image_bytes.float().mean((1, 2)) / 255
    at = columns[:, None] * torch.exp(-((COLUMNS - torch.linspace(3, 24, 10)[:, None]) ** 2) / 8)
    return Features(columns, 8 * at.sum(2))


CLASSIFIER = DigitClassifier(network, (0.0, 1.0))
SAMPLE_SET = bars(torch.linspace(3, 24, 500))[:, 0, 0]


def verdicts(gan):
    return [f.verdict for f in judge_lines([measure_lines(gan, CLASSIFIER, SAMPLE_SET, 40)])]


def test_a_smooth_model_holds():
    assert verdicts(Bars()) == [Verdict.HOLDS] * 3


def test_a_model_with_jumps_fails():
    assert verdicts(Bars(steps=3))[0] is Verdict.FAILS


def test_a_model_of_blends_fails():
    class Blends(Bars):
        def generate(self, z):
            return interpolate_noise(bars(torch.tensor([3.0])), bars(torch.tensor([24.0])), 1001)[
                (z[:, 0] * 1000).round().long(), 0
            ]

    assert verdicts(Blends()) == [Verdict.HOLDS, Verdict.FAILS, Verdict.FAILS]


def test_errors_are_over_lines_or_over_seeds():
    found = measure_lines(Bars(), CLASSIFIER, SAMPLE_SET, 40)
    assert found.steps.shape == found.distance.shape == (40,)
    assert "(40 lines)" in judge_lines([found])[1].result
    assert "(2 seeds)" in judge_lines([found, found])[1].result
    assert found.distance.max() < 0.2 < found.distance_blended.mean()


def test_a_line_has_equal_steps_between_its_ends():
    points = interpolate_noise(torch.zeros(2, 3), torch.tensor([[3.0], [6.0]]).expand(2, 3), 4)
    assert torch.allclose(points[..., 0], torch.arange(4.0)[:, None] * torch.tensor([1.0, 2.0]))


def test_ends_are_the_first_confident_samples_of_each_class():
    p = torch.tensor([[0.5, 0.5], [0.05, 0.95], [0.9, 0.1], [0.95, 0.05]])
    assert find_first_of_classes((1, 0), p) == [1, 2]
    with pytest.raises(ValueError, match="none of 2 samples as 1 with a confidence"):
        find_first_of_classes((0, 1), p[2:])


def test_pairs_are_confident_and_of_two_classes():
    p = torch.tensor([[[0.95, 0.05], [0.95, 0.05], [0.6, 0.4]], [[0.05, 0.95], [0.9, 0.1], [0, 1]]])
    assert find_distinct_pairs(p).tolist() == [True, False, False]


def test_a_model_without_confident_digits_is_refused():
    def unsure(image_bytes):
        return Features(torch.zeros(len(image_bytes), 28), torch.zeros(len(image_bytes), 10))

    flat = DigitClassifier(unsure, (0.0, 1.0))
    with pytest.raises(
        ValueError, match="0 of 1000 pairs of samples are two different digits with confidence"
    ):
        measure_lines(Bars(), flat, SAMPLE_SET, 40)


def test_the_claim_draws_the_sequence_and_the_first_lines(monkeypatch, tmp_path):
    data = SimpleNamespace(
        uint8_images=lambda split: bars(torch.linspace(3, 24, 99)).mul(255).to(torch.uint8),
        display_range=(0.0, 1.0),
    )
    monkeypatch.setattr(figure3, "Classifier", lambda: SimpleNamespace(load=lambda: network))
    monkeypatch.setattr(figure3, "train_or_find_mnist", lambda setting, seed: tmp_path)
    monkeypatch.setattr(figure3, "load_data", lambda run: data)
    monkeypatch.setattr(figure3, "load_model", lambda run: Bars())
    findings = run(Setting(tmp_path, quick=True))
    assert [f.verdict for f in findings] == [Verdict.SHOWN] * 2 + [Verdict.HOLDS] * 3
    assert all(f.image.is_file() for f in findings[:2])
    assert "300 updates" in findings[-2].note
