"""Norms of gradients, against what plain gradient descent moves by them."""

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


class Moves(Callback):
    """How far each network goes with every minibatch, over its learning rate; and what was noted by the time of it."""

    def __init__(self):
        self.went, self.noted = [], []

    def where(self, gan):
        networks = (gan.discriminator, gan.generator)
        return [parameters_to_vector(p.parameters()).detach().clone() for p in networks]

    def on_train_batch_start(self, trainer, gan, *_):
        self.before = self.where(gan)

    def on_train_batch_end(self, trainer, gan, *_):
        ways = zip(self.where(gan), self.before, strict=True)
        self.went.append([((b - a) / RATE).norm().item() for b, a in ways])
        self.noted.append(
            {k: torch.stack(v).mean().item() for k, v in gan.statistics.terms.items()}
        )


def played(tmp_path, **arguments):
    moves, descent = Moves(), partial(SGD, lr=RATE)
    gan = make_model(d_optimizer=descent, g_optimizer=descent, **arguments)
    # Lightning asks callbacks before the module, whose row at the interval's end forgets what was noted
    gan.write_due_curves = lambda: None
    quiet = trainer(tmp_path, max_steps=4, callbacks=[GradientNorms(), moves], log_every_n_steps=3)
    quiet.fit(gan, Batches(8))
    return moves


def test_the_last_step_of_an_interval_is_noted_and_no_other(tmp_path_factory, subtests):
    for kind in [GAN, SimultaneousGAN]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            moves = played(tmp_path, kind=kind)
            d, g = moves.went[2]
            expected = {"d_grad_norm": d, "g_grad_norm": g}
            assert moves.noted[:2] == [{}, {}]
            assert moves.noted[2] == pytest.approx(expected, rel=1e-3)
            assert moves.noted[3] == moves.noted[2]


def test_of_k_updates_it_is_the_mean(tmp_path):
    moves = played(tmp_path, k=2)
    d = (moves.went[4][0] + moves.went[5][0]) / 2
    assert moves.noted[5] == pytest.approx(
        {"d_grad_norm": d, "g_grad_norm": moves.went[5][1]}, rel=1e-3
    )


def test_it_is_that_before_clipping(tmp_path):
    free, clipped = played(tmp_path / "free"), played(tmp_path / "clipped", d_clip=1e-3)
    assert clipped.went[2][0] == pytest.approx(1e-3, rel=1e-2)
    assert clipped.noted[2]["d_grad_norm"] > 10e-3
    assert free.noted[2]["d_grad_norm"] > 10e-3
