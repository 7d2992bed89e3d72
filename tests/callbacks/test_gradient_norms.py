"""GradientNorms, compared with the change of the weights under plain gradient descent."""

from functools import partial

import pytest
import torch
from model_factory import Batches, make_model, trainer
from pytorch_lightning import Callback
from torch.nn.utils import parameters_to_vector
from torch.optim import SGD

from callbacks import GradientNorms
from lightning_gan.models import SimultaneousGAN
from lightning_gan.models.gan import GAN

RATE = 0.01


class WeightChanges(Callback):
    """The change of each network's weights per minibatch over its learning rate, and the norms recorded until then."""

    def __init__(self):
        self.changes, self.recorded = [], []

    def flatten(self, gan):
        networks = (gan.discriminator, gan.generator)
        return [parameters_to_vector(p.parameters()).detach().clone() for p in networks]

    def on_train_batch_start(self, trainer, gan, *_):
        self.before = self.flatten(gan)

    def on_train_batch_end(self, trainer, gan, *_):
        pairs = zip(self.flatten(gan), self.before, strict=True)
        self.changes.append([((b - a) / RATE).norm().item() for b, a in pairs])
        self.recorded.append(
            {k: torch.stack(v).mean().item() for k, v in gan.statistics.terms.items()}
        )


def train(tmp_path, **arguments):
    observer, descent = WeightChanges(), partial(SGD, lr=RATE)
    gan = make_model(d_optimizer=descent, g_optimizer=descent, **arguments)
    # the module's own hook would reset the statistics at the end of an interval
    gan.write_due_curves = lambda: None
    observers = [GradientNorms(), observer]
    trainer(tmp_path, max_steps=4, callbacks=observers, log_every_n_steps=3).fit(gan, Batches(8))
    return observer


def test_only_the_last_step_of_an_interval_is_recorded(tmp_path_factory, subtests):
    for kind in [GAN, SimultaneousGAN]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            found = train(tmp_path, kind=kind)
            d, g = found.changes[2]
            expected = {"d_grad_norm": d, "g_grad_norm": g}
            assert found.recorded[:2] == [{}, {}]
            assert found.recorded[2] == pytest.approx(expected, rel=1e-3)
            assert found.recorded[3] == found.recorded[2]


def test_k_updates_give_their_mean(tmp_path):
    found = train(tmp_path, k=2)
    d = (found.changes[4][0] + found.changes[5][0]) / 2
    assert found.recorded[5] == pytest.approx(
        {"d_grad_norm": d, "g_grad_norm": found.changes[5][1]}, rel=1e-3
    )


def test_the_norm_is_taken_before_clipping(tmp_path):
    free, clipped = train(tmp_path / "free"), train(tmp_path / "clipped", d_clip=1e-3)
    assert clipped.changes[2][0] == pytest.approx(1e-3, rel=1e-2)
    assert clipped.recorded[2]["d_grad_norm"] > 10e-3
    assert free.recorded[2]["d_grad_norm"] > 10e-3
