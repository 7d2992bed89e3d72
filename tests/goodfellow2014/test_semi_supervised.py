"""Claim about few labels: paired errors, verdicts, and cached rows."""

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
    assert f"1.25 ± {error:.2f} fewer (4 draws)" in found.result
    assert found.verdict is Verdict.HOLDS  # although draws differ by more


def test_less_than_two_standard_errors_is_not_enough():
    assert (
        is_better_method("A", "B", table(a=[10.0, 10.0], b=[10.1, 14.0])).verdict is Verdict.FAILS
    )
    assert is_better_method("A", "B", table(a=[10.0, 10.0], b=[9.0, 9.1])).verdict is Verdict.FAILS


def test_the_error_is_the_standard_error_of_the_mean():
    assert describe_error([1.0, 2.0, 3.0]) == f"2.00 ± {1 / math.sqrt(3):.2f} %"


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Create a short setting with small networks and data, and a list of measurements."""
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
    calls, measure = [], semi_supervised.measure_errors
    monkeypatch.setattr(
        semi_supervised, "measure_errors", lambda *words: calls.append(words) or measure(*words)
    )
    return Setting(tmp_path / "out", quick=True), calls


def test_the_claim_runs_draws_and_caches_its_rows(quick):
    setting, calls = quick
    findings = run(setting)
    assert len(calls) == semi_supervised.QUICK_DRAWS
    assert findings[0].verdict is Verdict.SHOWN
    assert findings[0].image.is_file()
    assert all(m in findings[0].result + findings[0].note for m in STYLES)
    assert [f.result for f in run(setting)] == [f.result for f in findings]
    assert len(calls) == semi_supervised.QUICK_DRAWS


def test_random_labels_give_the_error_of_chance(quick):
    setting, _ = quick
    table = semi_supervised.measure_error_table(
        setting, [semi_supervised.train_inference_network(setting, 0)], 10, 3
    )
    assert set(table) == set(STYLES)
    for errors in table.values():
        assert 60 < sum(errors) / len(errors) <= 100  # pixels do not depend on the label i % 10


def test_the_networks_do_not_change(quick):
    setting, _ = quick
    D = semi_supervised.train_inference_network(setting, 0).gan.discriminator
    before = {name: value.clone() for name, value in D.state_dict().items()}
    run(setting)
    assert all(torch.equal(value, before[name]) for name, value in D.state_dict().items())
