"""Claim about inference: verdicts, and the cache of E."""

import copy

import pytest
import torch
from tiny import make_tiny_mnist

from lightning_gan import GAN
from lightning_gan.feature_extractors import Features
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import MaxoutDiscriminator, MLPGenerator
from lightning_gan.priors import Gaussian
from lightning_gan.studies.goodfellow2014 import inference, inference_network
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.inference import (
    OWN,
    judge_classification,
    judge_fixed_generator,
    judge_reconstruction,
    judge_recovery,
    run,
)


@pytest.fixture
def setting(tmp_path, monkeypatch):
    """Create a short setting whose run of mnist_parzen.yaml is an untrained model with few units."""
    data = make_tiny_mnist(tmp_path / "data", n_train=120, n_test=40)(
        root=str(tmp_path / "data"), seed=0
    )
    data.prepare_data()
    data.setup()
    torch.manual_seed(0)
    shape = [1, 28, 28]
    gan = GAN(
        MLPGenerator(shape, z_dim=2, widths=[4], batch_norm=True),
        MaxoutDiscriminator(shape, widths=[3, 3], pieces=2, irange=None),
        NonSaturating(),
        Gaussian(),
        ema_half_life=100.0,
    ).eval()
    monkeypatch.setattr(inference_network, "train_or_find_mnist", lambda setting, seed: tmp_path)
    monkeypatch.setattr(inference_network, "load_model", lambda run: copy.deepcopy(gan))
    monkeypatch.setattr(inference_network, "load_data", lambda run: data)
    monkeypatch.setattr(inference_network, "QUICK_STEPS", 3)
    monkeypatch.setattr(inference_network, "DESCENT", 2)
    monkeypatch.setattr(inference, "QUICK_DIGITS", 12)
    return Setting(tmp_path / "out", quick=True)


class Sevens:
    """Classifier that reads every image as 7."""

    weights = "0" * 64

    def __call__(self, image_bytes):
        return Features(torch.zeros(len(image_bytes), 1), torch.eye(10)[[7] * len(image_bytes)])


def test_the_claim_runs_and_draws(setting, monkeypatch):
    monkeypatch.setattr(inference, "load_digit_classifier", Sevens)
    findings = run(setting)
    assert [f.verdict for f in findings][-1] is Verdict.HOLDS
    assert findings[-1].result == "1 of 1"
    assert "x 0.083" in findings[2].note  # one digit of the first twelve is a 7
    assert findings[2].verdict is Verdict.FAILS
    assert all(f.image.is_file() for f in findings[1:3])


def test_without_the_classifier_its_finding_is_not_run(setting, monkeypatch):
    monkeypatch.setattr(inference, "load_digit_classifier", lambda: None)
    read = run(setting)[2]
    assert read.verdict is Verdict.NOT_RUN
    assert "download --classifier mnist" in read.result


def test_e_is_trained_once(setting, monkeypatch):
    first = inference_network.train_inference_network(setting, 0)
    monkeypatch.setattr(inference_network, "train_in_memory", None)
    again = inference_network.train_inference_network(setting, 0)
    x = first.data.images("test")
    assert torch.equal(first.inference.infer(x), again.inference.infer(x))
    assert first.generator_unchanged
    assert again.generator_unchanged


def test_a_changed_generator_is_detected(setting, monkeypatch):
    def change_generator(model, data, steps):
        with torch.no_grad():
            model.generator.output.bias[0] += 1e-6

    monkeypatch.setattr(inference_network, "train_in_memory", change_generator)
    trained = inference_network.train_inference_network(setting, 0)
    assert not trained.generator_unchanged
    assert judge_fixed_generator([trained]).verdict is Verdict.FAILS


def row(share=(0.9, 0.8), gain=(0.1, 0.01), accuracy=(0.9, 0.01)):
    return {
        "share": list(share), "error": [0.01] * len(share), "gain": list(gain), "n": 10,
        "rmse": {OWN: [0.1, 0.01], "mean image": [0.2, 0.01]}, "accuracy": {OWN: list(accuracy), "x": [0.99, 0.01]},
    }  # fmt: skip


def test_every_seed_has_to_meet_the_criterion_by_two_standard_errors(subtests):
    for finding, good, bad in [
        (judge_recovery, {}, {"share": (0.99, 0.51)}),
        (lambda rows: judge_reconstruction(rows, None), {}, {"gain": (0.1, 0.06)}),
        (lambda rows: judge_classification(rows, None), {}, {"accuracy": (0.51, 0.01)}),
    ]:
        with subtests.test(finding=finding, good=good, bad=bad):
            assert finding([row(), row(**good)]).verdict is Verdict.HOLDS
            assert finding([row(), row(**bad)]).verdict is Verdict.FAILS
