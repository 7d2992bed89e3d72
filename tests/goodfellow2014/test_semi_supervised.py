"""The claim on few labels: pairs of errors, their verdicts, and rows that are measured once."""

import math
from types import SimpleNamespace

import pytest
import torch
from tiny import make_tiny_mnist

from lightning_gan.networks import Encoder, MaxoutDiscriminator
from lightning_gan.studies.goodfellow2014 import semi_supervised
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.semi_supervised import (
    STYLES,
    describe_error,
    is_better_method,
    run,
)


def table(**errors):
    return {m: errors.get(key, [9.0] * 4) for key, m in (("a", "A"), ("b", "B"), ("c", "C"))}


def test_errors_are_compared_draw_by_draw():
    a, b = [10.0, 20.0, 30.0, 40.0], [11.0, 21.5, 31.0, 41.5]
    found = is_better_method("A", "B", table(a=a, b=b))
    error = math.sqrt(4 * 0.25**2 / 3) / 2
    assert f"1.25 ± {error:.2f} fewer (4 draws)" in found.ours
    assert found.verdict is Verdict.HOLDS  # though draws differ by far more


def test_less_than_two_standard_errors_is_not_enough():
    assert (
        is_better_method("A", "B", table(a=[10.0, 10.0], b=[10.1, 14.0])).verdict is Verdict.FAILS
    )
    assert is_better_method("A", "B", table(a=[10.0, 10.0], b=[9.0, 9.1])).verdict is Verdict.FAILS


def test_the_spread_is_the_standard_error_of_the_mean():
    assert describe_error([1.0, 2.0, 3.0]) == f"2.00 ± {1 / math.sqrt(3):.2f} %"


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """A quick setting with nets of a few units on tiny files, and how often something was measured."""
    data = make_tiny_mnist(tmp_path / "data", n_train=240, n_test=40)(
        root=str(tmp_path / "data"), seed=0
    )
    data.prepare_data()
    data.setup()
    torch.manual_seed(0)
    shape = [1, 28, 28]
    gan = SimpleNamespace(
        discriminator=MaxoutDiscriminator(shape, widths=[6, 5], pieces=2, irange=None)
    )
    inference = SimpleNamespace(encoder=Encoder(shape, z_dim=2, widths=[6]))
    trained = SimpleNamespace(gan=gan, inference=inference, data=data, name="G")
    monkeypatch.setattr(semi_supervised, "train_inference_network", lambda setting, seed: trained)
    monkeypatch.setattr(semi_supervised, "QUICK_STEPS", 2)
    calls, measure = [], semi_supervised.measure
    monkeypatch.setattr(
        semi_supervised, "measure", lambda *words: calls.append(words) or measure(*words)
    )
    return Setting(tmp_path / "out", quick=True), calls


def test_it_runs_draws_and_does_not_measure_twice(quick):
    setting, calls = quick
    findings = run(setting)
    assert len(calls) == semi_supervised.QUICK_DRAWS
    assert findings[0].verdict is Verdict.SHOWN
    assert findings[0].image.is_file()
    assert all(m in findings[0].ours + findings[0].note for m in STYLES)
    assert [f.ours for f in run(setting)] == [f.ours for f in findings]
    assert len(calls) == semi_supervised.QUICK_DRAWS


def test_labels_of_noise_are_guessed(quick):
    setting, _ = quick
    table = semi_supervised.drawn_errors(
        setting, [semi_supervised.train_inference_network(setting, 0)], 10, 3
    )
    assert set(table) == set(STYLES)
    for errors in table.values():
        assert 60 < sum(errors) / len(errors) <= 100  # pixels say nothing of i % 10


def test_the_networks_are_what_they_were(quick):
    setting, _ = quick
    D = semi_supervised.train_inference_network(setting, 0).gan.discriminator
    before = {name: value.clone() for name, value in D.state_dict().items()}
    run(setting)
    assert all(torch.equal(value, before[name]) for name, value in D.state_dict().items())
