"""Two devices give the weights after 50 steps and the metrics of one device, for every model."""

import os
import warnings
from pathlib import Path

import pytest
import torch
from network_pairs import on_two_processes, there
from process_group import (
    MODELS,
    POLICY,
    STEPS,
    Images,
    Stacked,
    TenPixelsSpace,
    adam,
    as_rank,
    fit,
    largest_difference,
    played,
    quiet_trainer,
    sgd,
)
from pytorch_lightning import Callback
from torch import Tensor

from callbacks import ClassificationError, ModeCoverage, StackedModeCoverage
from datamodules import Ring
from lightning_gan import GAN
from lightning_gan.distributed import collectives
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator, MLPGenerator
from lightning_gan.networks.layers import Dropout

FEW = ("GAN, dropout and noise", "simultaneous, gradient penalty", "feature matching")
# this model lets rounding grow: 4e-8 after 1 step, 2e-7 after 5, 3e-6 after 20, 1.5e-5 after 50
GROWS = {"minibatch discrimination, R1, sgd": 1e-4}
# D's parameters that no loss depends on: their gradients are rounding, which Adam makes whole steps of. So are those of
# the biases of D's units that lie on one side of all examples, until the drift of such a bias brings a kink to one
FREE = {
    "BatchNorm": "network.0.bias",
    "relativistic average": "network.2.bias",
    "simultaneous, gradient penalty": "network.2.bias",
    "unrolled, relativistic average": "network.2.bias",
}
EXACT = 1e-8  # in float64, where rounding is small against Adam's eps
WALKED = STEPS * 1e-3  # by Adam at most
LOOKED_AT = {
    "ModeCoverage": {"test/modes", "test/high_quality", "test/reverse_kl"},
    "StackedModeCoverage": {"test/modes", "test/reverse_kl"},
    "ClassificationError": {"test/classification_error"},
}
Scores = dict[str, dict[str, float]]
States = dict[str, dict[str, Tensor]]


def asked() -> list[tuple[str, str, str]]:
    """Return the models to train, with optimizer and precision."""
    if "ALL_GAMES" not in os.environ:
        return [(name, "sgd", "32-true") for name in FEW]
    kinds = (("sgd", "32-true"), ("adam", "32-true"), ("adam", "64-true"))
    return [(name, *kind) for name in MODELS for kind in kinds]


def all_of(count: int) -> States:
    rules = {"sgd": sgd, "adam": adam}
    return {
        f"{name}, {rule}, {precision}": played(name, count, rules[rule], precision=precision)
        for name, rule, precision in asked()
    }


def allowed(name: str, rule: str, precision: str) -> float:
    """Return the largest allowed difference between one device and two."""
    if precision == "64-true":
        return EXACT
    if rule == "adam" and name in FREE:
        return WALKED
    return GROWS.get(f"{name}, {rule}", 1e-6)


def scores(count: int) -> Scores:
    """Compute metrics of callbacks that divide their work unevenly between devices."""
    torch.manual_seed(0)
    points = GAN(LinearMLPGenerator([2], widths=[8]), MLPDiscriminator([2], widths=[8]), **POLICY)
    shape = Stacked.data_shape
    digits = GAN(
        MLPGenerator(shape, z_dim=4, widths=[8]), MLPDiscriminator(shape, widths=[2]), **POLICY
    )
    found: Scores = {}
    for model, data, look in (
        (points, Ring(), ModeCoverage(num_samples=37, near=1000.0)),
        (digits, Stacked(), StackedModeCoverage(num_samples=37, features=TenPixelsSpace("mnist"))),
        (MODELS["semi-supervised"](count), Images(), ClassificationError()),
    ):
        place = Path(os.environ["SCORES"]) / f"{count}"
        run = quiet_trainer(count, callbacks=[look], default_root_dir=place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (logged,) = run.test(model, data, verbose=False)
        name = type(look).__name__
        found[name] = {key: logged[key] for key in LOOKED_AT[name]}
    return found


class Gradients(Callback):
    """Callback that records the largest gradient of each of D's parameters at its first update."""

    def on_before_optimizer_step(self, trainer, pl_module, optimizer) -> None:
        if not pl_module.d_updates:
            named = pl_module.discriminator.named_parameters()
            self.sizes = {name: float(p.grad.abs().max()) for name, p in named}


class Statistics(Callback):
    """Callback that records BatchNorm's running means before and in a validation."""

    def note(self, pl_module) -> Tensor:
        return next(v for k, v in pl_module.named_buffers() if k.endswith("running_mean")).clone()

    def on_validation_start(self, trainer, pl_module) -> None:
        self.before = self.note(pl_module)

    def on_validation_batch_start(self, trainer, pl_module, *_) -> None:
        self.within = self.note(pl_module)


def statistics() -> tuple[Tensor, Tensor]:
    """Compute the statistics on one of two devices, each with its own part of a minibatch."""
    torch.manual_seed(0)
    noted = Statistics()
    each = {"sync_batchnorm": False, "limit_val_batches": 1, "callbacks": [noted]}
    fit(MODELS["BatchNorm"](2), 2, 3, **each)  # an epoch
    return noted.before, noted.within


def one_of_two(rank: int) -> tuple[States, Scores, tuple[Tensor, Tensor]]:
    as_rank(rank)
    return all_of(2), scores(2), statistics()


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that it is forgotten in the end
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCORES", str(tmp_path / "scores"))


def compare_two_devices_with_one(folder: Path) -> None:
    first, second = on_two_processes(one_of_two, __file__, folder)
    (here, seen_here, (own, looked_at)), (beside, seen_beside, (other, shared)) = first, second
    assert not torch.equal(own, other)
    assert torch.equal(looked_at, own)  # a checkpoint has the first one's
    assert torch.equal(shared, own)
    for name in ("LOCAL_RANK", "WORLD_SIZE", "NODE_RANK"):
        os.environ.pop(name, None)
    alone = all_of(1)
    seen_alone = scores(1)
    assert 0 < seen_alone["ClassificationError"]["test/classification_error"] < 1
    assert 0 < seen_alone["ModeCoverage"]["test/reverse_kl"] < 3
    assert 1 < seen_alone["StackedModeCoverage"]["test/modes"] < 37
    assert seen_here == seen_beside
    for name, seen in seen_alone.items():
        assert seen_here[name] == pytest.approx(seen, rel=1e-6), name
    assert here.keys() == beside.keys() == alone.keys()
    far = {}
    for (name, *how), (key, state) in zip(asked(), alone.items(), strict=True):
        start = played(name, 1, steps=0, precision=how[1])
        assert largest_difference(state, start) > 1e-2, f"{key}: no weight changed"
        assert largest_difference(here[key], beside[key]) == 0, key
        apart = largest_difference(here[key], state)
        if apart > allowed(name, *how):
            far[key] = apart
    assert far == {}


def test_two_devices_train_as_one(environment, tmp_path):
    compare_two_devices_with_one(tmp_path)


@pytest.mark.slow
def test_two_devices_train_every_model_as_one(environment, monkeypatch, tmp_path):
    monkeypatch.setenv("ALL_GAMES", "1")
    compare_two_devices_with_one(tmp_path)


@pytest.mark.parametrize("name", FREE)
def test_losses_do_not_depend_on_parameters_that_drift_under_adam(name):
    """The gradient of a free parameter is rounding error of terms of size 1."""
    for precision, dtype in (("32-true", torch.float32), ("64-true", torch.float64)):
        torch.manual_seed(0)
        model = MODELS[name](1, d_optimizer=sgd, g_optimizer=sgd)
        fit(model, 1, 1, precision=precision, callbacks=[noted := Gradients()])
        assert max(noted.sizes.values()) > 0.1
        assert noted.sizes[FREE[name]] < 4 * torch.finfo(dtype).eps, precision


class Two:
    """Collectives of a process group of two, without the other process."""

    def __init__(self, monkeypatch, place):
        monkeypatch.setattr(collectives, "world_size", lambda: 2)
        monkeypatch.setattr(collectives, "rank", lambda: place)


def test_each_device_has_its_rows_of_one_draw(monkeypatch):
    torch.manual_seed(3)
    whole = torch.rand(6, 2)
    parts = []
    for place in (0, 1):
        with monkeypatch.context() as patch:
            Two(patch, place)
            torch.manual_seed(3)
            parts.append(collectives.rank_slice(3, lambda n: torch.rand(n, 2)))
            assert torch.rand(1) != whole[0, 0]  # the generators stand where they stood together
    assert torch.equal(torch.cat(parts), whole)


def test_dropout_of_0_draws_nothing(monkeypatch):
    Two(monkeypatch, 1)
    asked, x = [], torch.ones(3, 2)
    monkeypatch.setattr(
        collectives, "rank_slice", lambda n, draw: asked.append(n) or torch.ones(n, 2)
    )
    assert Dropout(0.0)(x).equal(x)
    assert asked == []
    Dropout(0.5)(x)
    assert asked == [3]


def test_one_device_draws_only_its_rows():
    asked = []
    collectives.rank_slice(3, lambda n: asked.append(n) or torch.zeros(n))
    assert asked == [3]


if __name__ == "__main__":
    there(one_of_two)
