"""TrainingStatistics: logged means, non-finite losses, rows of a run."""

import csv
import itertools
import math

import pytest
import torch
from model_factory import Batches, make_model, trainer
from pytorch_lightning.loggers import CSVLogger

from lightning_gan.training.statistics import NonFiniteLossError, TrainingStatistics


def make_statistics(d_losses, g_losses, ends=None):
    """Make statistics of updates; `ends`: number of D's updates before each of G's; None: k each."""
    statistics, rest = TrainingStatistics(), iter(d_losses)
    k = len(d_losses) // len(g_losses)
    counts = [b - a for a, b in itertools.pairwise([0, *ends])] if ends else [k] * len(g_losses)
    for loss, count in zip(g_losses, counts, strict=True):
        for d_loss in itertools.islice(rest, count):
            statistics.add_d(
                torch.tensor(d_loss), torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 0.0])
            )
        statistics.add_g(torch.tensor(loss))
    return statistics


def test_values_are_means_over_the_interval_and_the_formulas_of_equation_1():
    values = make_statistics([1.0, 3.0], [0.5]).compute_and_reset(step=1)
    real, fake = torch.tensor([0.0, 2.0]).sigmoid(), torch.tensor([-1.0, 0.0]).sigmoid()
    assert values["train/d_loss"] == 2
    assert values["train/g_loss"] == 0.5
    torch.testing.assert_close(values["train/value"], real.log().mean() + (1 - fake).log().mean())
    torch.testing.assert_close(values["train/d_x"], real.mean())
    torch.testing.assert_close(values["train/d_gz"], fake.mean())


def test_zero_logits_give_minus_log_4_and_one_half():
    statistics = TrainingStatistics()
    statistics.add_d(torch.tensor(math.log(4)), torch.zeros(3), torch.zeros(3))
    statistics.add_g(torch.tensor(0.0))
    values = statistics.compute_and_reset(step=1)
    assert values["train/value"].item() == pytest.approx(-math.log(4))
    assert values["train/d_x"] == values["train/d_gz"] == 0.5


def test_compute_and_reset_starts_a_new_interval():
    statistics = make_statistics([1.0], [1.0])
    statistics.compute_and_reset(step=1)
    assert not statistics.d_losses + statistics.g_losses + statistics.logits


def test_nonfinite_loss_names_network_and_step(subtests):
    for d_losses, g_losses, message in [
        ([1.0, math.nan, 1.0], [1.0] * 3, r"discriminator's loss became nan at step 12\b"),
        ([1.0] * 3, [1.0, 1.0, math.inf], r"generator's loss became inf at step 13\b"),
        ([1.0, 1.0, 1.0, math.nan], [1.0, 1.0], r"discriminator's loss became nan at step 13\b"),
        (
            [1.0, 1.0, math.nan],
            [1.0, math.nan, math.nan],
            r"generator's loss became nan at step 12\b",
        ),
    ]:
        with subtests.test(d_losses=d_losses, g_losses=g_losses, message=message):
            with pytest.raises(NonFiniteLossError, match=message):
                make_statistics(d_losses, g_losses).compute_and_reset(step=13)


def test_step_is_right_if_k_varies_and_after_resuming():
    """The fourth update of D is not finite; it belongs to the second of G, which follows it."""
    statistics = make_statistics([1.0, 1.0, 1.0, math.nan], [1.0, 1.0], ends=[3, 4])
    resumed = TrainingStatistics()
    resumed.load_state_dict(statistics.state_dict(lambda values: values, 1), 0)
    for one in (statistics, resumed):
        with pytest.raises(
            NonFiniteLossError, match=r"discriminator's loss became nan at step 13\b"
        ):
            one.compute_and_reset(step=13)


def test_rows_are_at_updates_of_g_with_images_seen(tmp_path_factory, subtests):
    for k in [1, 2, 5]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            run = trainer(tmp_path, max_steps=6, log_every_n_steps=2, logger=CSVLogger(tmp_path))
            run.fit(make_model(k=k), Batches(7))
            with open(f"{run.log_dir}/metrics.csv") as file:
                rows = list(csv.DictReader(file))
            assert [int(row["step"]) for row in rows] == [2, 4, 6]
            assert [int(row["progress/images_seen"]) for row in rows] == [4 * k, 8 * k, 12 * k]
            keys = {
                "train/d_loss",
                "train/g_loss",
                "train/value",
                "train/d_x",
                "train/d_gz",
                "lr/d",
                "lr/g",
            }
            assert keys < set(rows[0])
            assert all(float(row[key]) == float(row[key]) for row in rows for key in keys)


def test_run_shorter_than_the_interval_has_a_row(tmp_path):
    run = trainer(tmp_path, max_steps=3, log_every_n_steps=7, logger=CSVLogger(tmp_path))
    run.fit(make_model(), Batches(7))
    with open(f"{run.log_dir}/metrics.csv") as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [3]


def test_held_out_rows_have_the_same_steps(tmp_path):
    run = trainer(
        tmp_path, max_steps=6, logger=CSVLogger(tmp_path), limit_val_batches=2, log_every_n_steps=4
    )
    run.fit(make_model(k=2), Batches(4), Batches(2))
    with open(f"{run.log_dir}/metrics.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["val/value"]]
    assert [int(row["step"]) for row in rows] == [2, 4, 6]


def test_validation_does_not_change_training_noise(tmp_path):
    states = []
    for limit in (0, 2):
        gan = make_model()
        trainer(tmp_path, max_steps=6, limit_val_batches=limit).fit(gan, Batches(4), Batches(2))
        states.append(gan.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=0)


def test_large_steps_are_not_rounded(tmp_path_factory, subtests):
    for stage in ["validate", "test"]:
        with subtests.test(stage=stage):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = make_model()
            gan.g_updates = 32_500
            run = trainer(tmp_path, logger=CSVLogger(tmp_path), limit_val_batches=1.0)
            getattr(run, stage)(gan, Batches(100, m=100), verbose=False)
            with open(f"{run.log_dir}/metrics.csv") as file:
                assert [int(row["step"]) for row in csv.DictReader(file)] == [32_500]
