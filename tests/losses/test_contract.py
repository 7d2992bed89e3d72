"""What every objective must satisfy: found by type, so a new one is tested the day it is born."""

import inspect
import re

import pytest
import torch

from lightning_gan import losses
from lightning_gan.losses import AdversarialLoss

ALL = [c for _, c in inspect.getmembers(losses, inspect.isclass) if not inspect.isabstract(c)]
REAL = torch.tensor([0.7, -1.3, 2.0, 0.1], dtype=torch.float64)
FAKE = torch.tensor([-0.4, 0.9, -2.2, 0.3], dtype=torch.float64)


@pytest.fixture(params=ALL, ids=lambda c: c.__name__)
def loss(request):
    return request.param()


def values(loss, real, fake):
    return torch.stack([loss.d_loss(real, fake), loss.g_loss(fake, real)])


def test_every_class_of_the_room_is_an_objective():
    assert ALL
    assert all(issubclass(c, AdversarialLoss) for c in ALL)


def test_it_is_finite_at_scores_of_100(loss):
    for score in (-100.0, 100.0):
        assert values(loss, torch.full([4], score), torch.full([4], -score)).isfinite().all()
        assert values(loss, torch.full([4], score), torch.full([4], score)).isfinite().all()


def test_d_and_g_pull_the_scores_of_samples_opposite_ways(loss):
    fake = FAKE.clone().requires_grad_()
    (d_pull,) = torch.autograd.grad(loss.d_loss(REAL, fake), fake)
    (g_pull,) = torch.autograd.grad(loss.g_loss(fake, REAL), fake)
    assert (d_pull * g_pull < 0).all()


def test_a_doubled_batch_has_the_same_loss(loss):
    doubled = values(loss, REAL.repeat(2), FAKE.repeat(2))
    torch.testing.assert_close(doubled, values(loss, REAL, FAKE))


def test_its_gradient_is_that_of_its_value(loss):
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda r, f: values(loss, r, f), (real, fake))


def test_its_docstring_gives_the_equation_and_its_file_the_paper(loss):
    assert ".. math::" in type(loss).__doc__
    assert re.search(r"\(\d{4}\)", inspect.getmodule(type(loss)).__doc__)
