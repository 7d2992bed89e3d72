"""Gradient accumulation equals training with the whole minibatch."""

import csv
from pathlib import Path

import pytest
import torch
from process_group import MODELS, fit, gan, largest_difference, plain, sgd

from lightning_gan.losses import RelativisticAverage
from lightning_gan.models import SimultaneousGAN
from lightning_gan.models.accumulation import set_microbatches
from lightning_gan.training.statistics import NonFiniteLossError

STEPS = 10
# models without dropout, and without anything that is taken over a minibatch
APART = {
    name: MODELS[name]
    for name in ("least squares", "weight clip", "R1 and R2, lazy", "coordinated")
} | {"simultaneous": gan(plain, SimultaneousGAN)}


def train(make, parts, steps=STEPS):
    torch.manual_seed(0)
    module = make(d_optimizer=sgd, g_optimizer=sgd)
    module.microbatches = parts
    fit(module, 1, steps)
    return module


def test_microbatches_train_as_one_minibatch(subtests):
    for name in APART:
        with subtests.test(name=name):
            whole = train(APART[name], 1)
            assert (
                largest_difference(whole.state_dict(), train(APART[name], 1, 0).state_dict()) > 1e-3
            )
            for parts in (2, 8):
                module = train(APART[name], parts)
                assert largest_difference(whole.state_dict(), module.state_dict()) < 1e-6
                assert (module.d_updates, module.images_seen) == (
                    whole.d_updates,
                    whole.images_seen,
                )
                assert module.g_updates == STEPS


def test_batch_statistics_are_those_of_a_microbatch():
    make = gan(plain, loss=RelativisticAverage())
    states = [train(make, parts).state_dict() for parts in (1, 2)]
    assert largest_difference(*states) > 1e-5


def test_every_model_logs_one_loss_per_update():
    for name, make in MODELS.items():
        module = make(d_optimizer=sgd, g_optimizer=sgd)
        module.microbatches, updates = 2, {}
        module.on_train_end = lambda module=module, updates=updates: updates.update(
            d=(len(module.statistics.d_losses), module.d_updates),
            g=(len(module.statistics.g_losses), module.g_updates),
        )
        fit(module, 1, 2)
        assert updates["d"][0] == updates["d"][1] >= 2, name
        assert updates["g"] == (2, 2), name


def test_nonfinite_loss_of_a_microbatch_names_its_step():
    module = gan(plain)(d_optimizer=sgd, g_optimizer=sgd)
    module.microbatches, objective, seen = 4, module.g_objective, []

    def third_step(batch):
        seen.append(len(batch[0]))
        return objective(batch) * (float("nan") if len(seen) == 10 else 1)

    module.g_objective = third_step
    g = module.statistics.add_g
    module.statistics.add_g = lambda loss: g(loss * (float("nan") if len(seen) == 10 else 1))
    with pytest.raises(NonFiniteLossError, match="generator's loss became nan at step 3"):
        fit(module, 1, 5, log_every_n_steps=5)
    assert set(seen) == {4}  # of sixteen


def test_indivisible_minibatch_is_an_error():
    with pytest.raises(ValueError, match="A minibatch of 16 cannot be split into 3 equal parts"):
        train(APART["least squares"], 3)


def test_data_without_a_batch_size_are_an_error():
    module = gan(plain)()
    with pytest.raises(
        ValueError, match=r"object has no batch_size.* set `microbatches` of the model to 2"
    ):
        set_microbatches(module, object(), 2)
    assert module.microbatches == 1


def rows(run):
    with open(Path("runs", run, "version_0/metrics.csv")) as file:
        return [row for row in csv.DictReader(file) if row["train/d_loss"]]


def test_the_command_line_counts_two_minibatches_as_one_of_twice_the_size(command):
    model = [
        "--model.discriminator",
        "MLPDiscriminator",
        "--model.discriminator.data_shape",
        "[1,28,28]",
    ]
    model += ["--model.generator.batch_norm", "false", "--trainer.max_steps", "4"]
    for name, how in {
        "once": ["--data.batch_size", "20"],
        "parts": ["--data.batch_size", "10", "--trainer.accumulate_grad_batches", "2"],
    }.items():
        ended = command("fit", "--config", "small.yaml", *model, *how, "--run.name", name)
        assert ended.status == 0, ended.err
    once, parts = rows("once"), rows("parts")
    assert [row["progress/batch_size"] for row in parts] == ["20", "20"]
    assert [row["progress/images_seen"] for row in parts] == ["40", "80"]
    for a, b in zip(once, parts, strict=True):
        assert a.keys() == b.keys()
        assert all(float(a[key] or 0) == pytest.approx(float(b[key] or 0), abs=1e-5) for key in a)
    config = Path("runs/parts/version_0/config.yaml").read_text()
    assert "accumulate_grad_batches: 2" in config  # and so the file is the run again
    assert "batch_size: 10" in config
