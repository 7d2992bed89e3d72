"""Regularizers of D against closed forms, and the updates in which they apply."""

import csv
import inspect
import re

import pytest
import torch
from model_factory import Batches, make_model, trainer
from pytorch_lightning.loggers import CSVLogger
from torch import nn

from lightning_gan import regularizers
from lightning_gan.models import SimultaneousGAN
from lightning_gan.models.objectives import CriticInputs
from lightning_gan.regularizers import R1, R2, GradientPenalty, Penalty, Regularizer, WeightClip

pytestmark = pytest.mark.filterwarnings("ignore:.* makes a logit depend on the whole minibatch")
PENALTIES = [R1, R2, GradientPenalty]
X = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).float()
FAKE = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
W = torch.tensor([0.3, -1.2, 2.0])


def linear(x):
    return x @ W


def quadratic(x):
    return x.square().sum(1) / 2  # its gradient is x


def test_every_class_is_a_regularizer_with_a_paper():
    concrete = [
        c for _, c in inspect.getmembers(regularizers, inspect.isclass) if not inspect.isabstract(c)
    ]
    assert all(issubclass(c, Regularizer) for c in concrete)
    for kind in (*PENALTIES, WeightClip):
        assert ".. math::" in kind.__doc__
        assert re.search(r"\(\d{4}\)", inspect.getmodule(kind).__doc__)


def test_penalties_of_a_linear_d_are_the_closed_forms(subtests):
    for penalty, wanted in [
        (R1(gamma=3.0), 1.5 * W.square().sum()),
        (R2(gamma=3.0), 1.5 * W.square().sum()),
        (GradientPenalty(weight=7.0), 7 * (W.norm() - 1) ** 2),
    ]:
        with subtests.test(penalty=penalty, wanted=wanted):
            torch.testing.assert_close(penalty(linear, X, FAKE), wanted)


def test_r1_uses_real_and_r2_generated_examples():
    torch.testing.assert_close(R1(2.0)(quadratic, X, FAKE), X.square().sum(1).mean())
    torch.testing.assert_close(R2(2.0)(quadratic, X, FAKE), FAKE.square().sum(1).mean())


def test_gradient_penalty_uses_points_between_examples():
    torch.manual_seed(5)
    found = GradientPenalty(1.0)(quadratic, X, FAKE)
    torch.manual_seed(5)
    epsilon = torch.rand(6, 1)
    between = epsilon * X + (1 - epsilon) * FAKE
    torch.testing.assert_close(found, (between.norm(dim=1) - 1).square().mean())


def test_weight_gradients_of_a_linear_d_are_the_closed_forms(subtests):
    for penalty in [R1(2.0), R2(2.0), GradientPenalty(2.0)]:
        with subtests.test(penalty=penalty):
            w = W.clone().requires_grad_()
            penalty(lambda x: x @ w, X, FAKE).backward()
            wanted = 4 * (1 - 1 / W.norm()) * W if isinstance(penalty, GradientPenalty) else 2 * W
            torch.testing.assert_close(w.grad, wanted)


def test_penalties_are_float32_under_mixed_precision(subtests):
    for kind in PENALTIES:
        with subtests.test(kind=kind):
            D = nn.Linear(3, 1)
            torch.manual_seed(0)
            alone = kind()(lambda x: D(x).squeeze(1), X, FAKE)
            torch.manual_seed(0)
            with torch.autocast("cpu", torch.bfloat16):
                mixed = kind()(lambda x: D(x).squeeze(1), X.bfloat16().float(), FAKE)
                assert D(X).dtype is torch.bfloat16
            assert mixed.dtype is torch.float32
            torch.testing.assert_close(mixed, alone)  # a linear D: wherever x is


def test_penalties_have_no_gradient_for_x_and_g(subtests):
    for kind in PENALTIES:
        with subtests.test(kind=kind):
            x, x_fake = X.clone().requires_grad_(), FAKE.clone().requires_grad_()
            w = W.clone().requires_grad_()
            kind()(lambda x: (x @ w).square(), x, x_fake).backward()
            assert w.grad.abs().max() > 0
            assert x.grad is None
            assert x_fake.grad is None


def test_gradient_penalty_of_a_constant_d_is_finite():
    w = torch.zeros(3, requires_grad=True)
    term = GradientPenalty(1.0)(lambda x: x @ w, X, FAKE)
    term.backward()
    assert term.item() == pytest.approx(1, abs=1e-5)
    assert w.grad.isfinite().all()


class Watched(Penalty):
    """Penalty that records the updates in which it is computed."""

    key = "watched"

    def __init__(self, every):
        super().__init__(1.0, every)
        self.asked = 0

    def term(self, critic, x, x_fake):
        self.asked += 1
        return critic(x).square().mean()


def test_lazy_penalty_has_interval_and_factor_every(tmp_path_factory, subtests):
    for every, asked in [(1, 6), (2, 3), (4, 2)]:
        with subtests.test(every=every, asked=asked):
            tmp_path = tmp_path_factory.mktemp("row")
            watched = Watched(every)
            gan = make_model(regularizers=[watched], k=2)
            trainer(tmp_path, max_steps=3).fit(gan, Batches(6))
            assert watched.asked == asked
            gan.d_updates = 0
            x = next(iter(Batches(1)))[0]
            gan.statistics.reset()
            added = gan.penalty(CriticInputs(gan.discriminator, x, x))
            torch.testing.assert_close(added, every * gan.statistics.terms["watched"][0])
            gan.d_updates = 1
            assert (gan.penalty(CriticInputs(gan.discriminator, x, x)) == 0) == (every > 1)


def test_only_d_minimises_the_penalty(tmp_path_factory, subtests):
    for kind in [None, SimultaneousGAN]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            plain = make_model(*[kind] if kind else [])
            penalised = make_model(*[kind] if kind else [], regularizers=[R1(50.0)])
            for gan in (plain, penalised):
                torch.manual_seed(3)
                trainer(tmp_path, max_steps=1).fit(gan, Batches(1))
            weights = [g.discriminator.network[0].weight for g in (plain, penalised)]
            assert not torch.allclose(*weights)
            if kind:  # both moved from gradients at the same parameters
                for ours, theirs in zip(
                    plain.generator.parameters(), penalised.generator.parameters(), strict=True
                ):
                    torch.testing.assert_close(ours, theirs)


def test_penalties_are_logged(tmp_path):
    gan = make_model(regularizers=[R1(1.0), R2(1.0, every=2)])
    run = trainer(tmp_path, max_steps=4, logger=CSVLogger(tmp_path), log_every_n_steps=2)
    run.fit(gan, Batches(4))
    with open(run.logger.experiment.metrics_file_path) as file:
        rows = list(csv.DictReader(file))
    assert all(float(row["train/r1"]) > 0 and float(row["train/r2"]) > 0 for row in rows)


def test_weight_clipping_follows_each_update_of_d_only(tmp_path):
    gan = make_model(regularizers=[WeightClip(0.02)])
    trainer(tmp_path, max_steps=2).fit(gan, Batches(2))
    assert all(p.abs().max() <= 0.02 for p in gan.discriminator.parameters())
    assert any(p.abs().max() > 0.02 for p in gan.generator.parameters())


def test_invalid_arguments_are_an_error(subtests):
    for make, message in [
        (lambda: R1(-1.0), r"gamma is -1\.0; give"),
        (lambda: R2(1.0, every=0), "every is 0; give"),
        (lambda: GradientPenalty(float("nan")), "weight is nan; give"),
        (lambda: WeightClip(0.0), r"limit is 0\.0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
