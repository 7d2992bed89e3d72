"""Benchmark of unpaired digits: its columns against known values, its models, and the rows of its baselines."""

import pytest
import torch

from datamodules import unpaired_digits as digits
from lightning_gan.feature_extractors.factor_classifier import FactorPrediction
from lightning_gan.studies.benchmarks import UNPAIRED_DIGITS
from lightning_gan.studies.benchmarks import unpaired_digits as module
from lightning_gan.studies.benchmarks.report import format_benchmark
from lightning_gan.studies.in_memory import train_in_memory

KEYS = {column.key for column in UNPAIRED_DIGITS.columns}


class BrightnessClassifier:
    """Classifier whose four factors tell whether the first four pixels are bright."""

    def read(self, image_bytes):
        values = (image_bytes[:, 0, 0, :4] > 127).long()
        return FactorPrediction(values, torch.ones(values.shape))


@pytest.fixture
def few_digits(monkeypatch):
    """Few images, and a classifier that needs no training."""
    monkeypatch.setattr(digits, "SIZES", {"train": 24, "val": 2, "test": 6})
    monkeypatch.setattr(module, "load_digit_factor_classifier", BrightnessClassifier)


def test_exact_translators_have_no_error_and_all_factors():
    a = torch.rand(4, 3, 32, 32) * 2 - 1
    values = module.compare_with_partners(
        torch.negative, torch.negative, a, -a, BrightnessClassifier()
    )
    assert values.keys() == KEYS
    assert values["l1_a"] == values["l1_b"] == values["cycle_clean"] == 0
    assert {values[f"{name}_{side}"] for name in (*module.FACTORS, "all") for side in "ab"} == {1}
    assert values["cycle_noisy"] == pytest.approx(0.08, abs=0.005)  # E|N(0, 0.1)|
    assert 0 < values["cycle_rounded"] < 1 / 255


def test_each_column_belongs_to_its_direction():
    """G changes one pixel of one image of four by 1.5, and so its first factor; F is exact."""
    a = torch.full((4, 3, 32, 32), -0.5)
    wrong = torch.zeros(4, 3, 32, 32)
    wrong[0, :, 0, 0] = 1.5

    def forward(x):
        return -x - wrong if x.mean() < 0 else x

    values = module.compare_with_partners(forward, torch.negative, a, -a, BrightnessClassifier())
    share = 1.5 / 4 / 32**2
    assert values["l1_b"] == pytest.approx(share)
    assert values["l1_a"] == 0
    assert values["digit_b"] == values["all_b"] == 0.75
    assert values["thickness_b"] == values["colour_b"] == values["digit_a"] == values["all_a"] == 1
    assert values["cycle_clean"] == pytest.approx(share)  # both cycles pass through G once


def test_the_models_differ_in_the_identity_loss_alone(few_digits):
    built = {m.name: m.make(0, 2, "")[0] for m in UNPAIRED_DIGITS.models}
    assert {name: model.identity for name, model in built.items()} == {
        "cyclegan": 0.5,
        "no_identity": 0.0,
    }
    one, two = (model.state_dict() for model in built.values())
    assert all(torch.equal(torch.as_tensor(one[k]), torch.as_tensor(two[k])) for k in one)


def test_a_trained_model_is_compared_with_the_true_partners_of_the_test_images(few_digits):
    model, data = UNPAIRED_DIGITS.models[0].make(0, 2, "")
    train_in_memory(model, data, 2)
    assert [s.get_last_lr() for s in model.lr_schedulers()] == [[0.0], [0.0]]
    found = UNPAIRED_DIGITS.measure(model, data)
    a, b = data.pairs("test")
    assert found.keys() == KEYS
    assert found["l1_b"] == pytest.approx((model.translate(a) - b).abs().mean().item())
    assert found["l1_a"] == pytest.approx((model.translate(b, "b_to_a") - a).abs().mean().item())


def test_the_baselines_are_rows_of_the_table_and_are_computed_once(
    few_digits, tmp_path, monkeypatch
):
    path = tmp_path / "rows.json"
    rows = UNPAIRED_DIGITS.run_or_read_baselines(path)
    assert set(rows) == {"identity", "mean shift", "dilation"}
    assert all(values.keys() == KEYS for values in rows.values())
    assert rows["identity"]["l1_a"] == rows["identity"]["l1_b"] > rows["dilation"]["l1_b"]
    monkeypatch.setattr(module, "make_translation_baselines", None)
    again = UNPAIRED_DIGITS.run_or_read_baselines(path)
    assert again == rows
    text = format_benchmark(UNPAIRED_DIGITS, 750, [], again)
    line = next(line for line in text.splitlines() if line.startswith("identity"))
    assert f"{rows['identity']['l1_b']:.4f}" in line
    assert "baseline" in line
