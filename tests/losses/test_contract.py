"""Contract of all objectives; every AdversarialLoss of the package is tested."""

import inspect
import itertools
import re

import torch

from lightning_gan import losses
from lightning_gan.losses import AdversarialLoss

ALL = [c for _, c in inspect.getmembers(losses, inspect.isclass) if not inspect.isabstract(c)]
REAL = torch.tensor([0.7, -1.3, 2.0, 0.1], dtype=torch.float64)  # 1 and -1 are kinks of Hinge
FAKE = torch.tensor([-0.4, 0.9, -2.2, 0.3], dtype=torch.float64)


def values(loss, real, fake):
    return torch.stack([loss.d_loss(real, fake), loss.g_loss(fake, real)])


def logit_gradients(loss, real, fake):
    """Compute the gradients of L_D in both logits and of L_G in the fake logits."""
    real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
    of_d = torch.autograd.grad(loss.d_loss(real, fake), (real, fake))
    return *of_d, *torch.autograd.grad(loss.g_loss(fake, real), fake)


def test_every_class_of_the_package_is_an_objective():
    assert ALL
    assert all(issubclass(c, AdversarialLoss) for c in ALL)


def test_every_objective_is_exported():
    born = {c for c in descendants(AdversarialLoss) if c.__module__.startswith(losses.__name__)}
    assert born == set(ALL)
    assert {c.__name__ for c in ALL} <= set(losses.__all__)


def descendants(kind):
    return {d for c in kind.__subclasses__() for d in ({c} | descendants(c))}


def test_losses_are_two_scalars(subtests):
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            assert loss.d_loss(REAL, FAKE).shape == loss.g_loss(FAKE, REAL).shape == ()


def test_losses_are_finite_at_logits_of_100(subtests):
    scores = [torch.full([4], value) for value in (-100.0, 100.0)]
    for kind, real, fake in itertools.product(ALL, scores, scores):
        with subtests.test(kind.__name__, real=real[0].item(), fake=fake[0].item()):
            loss = kind()
            assert values(loss, real, fake).isfinite().all()
            assert all(pull.isfinite().all() for pull in logit_gradients(loss, real, fake))


def test_d_raises_real_and_lowers_fake_logits_and_g_raises_fake_logits(subtests):
    """Logits between 0 and 1 are inside every margin and on one side of every target."""
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            torch.manual_seed(0)
            real, fake = 0.02 + 0.96 * torch.rand(2, 50, dtype=torch.float64)
            d_on_real, d_on_fake, g_on_fake = logit_gradients(loss, real, fake)
            assert (d_on_real < 0).all()
            assert (d_on_fake > 0).all()
            assert (g_on_fake < 0).all()


def test_duplicating_the_batch_does_not_change_the_losses(subtests):
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            doubled = values(loss, REAL.repeat(2), FAKE.repeat(2))  # the same pairs, twice
            torch.testing.assert_close(doubled, values(loss, REAL, FAKE))


def test_unequal_batches_are_an_error_or_do_not_change_the_losses(subtests):
    """Losses of 3 real and 4 generated examples equal those of 12 each with the same means, or are an error."""
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            more = values(loss, REAL[:3].repeat(4), FAKE.repeat(3))
            for value, logits, same in (
                (loss.d_loss, (REAL[:3], FAKE), more[0]),
                (loss.g_loss, (FAKE, REAL[:3]), more[1]),
            ):
                try:
                    got = value(*logits)
                except ValueError as refusal:
                    got = str(refusal)
                if isinstance(got, str):
                    assert "as many real as generated examples" in got
                else:
                    torch.testing.assert_close(got, same)


def test_g_uses_real_logits_only_with_paired_batches(subtests):
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            if loss.needs_paired_batches:
                assert loss.g_loss(FAKE, REAL) != loss.g_loss(FAKE, REAL + 1)
            else:
                assert loss.g_loss(FAKE) == loss.g_loss(FAKE, REAL) == loss.g_loss(FAKE, REAL + 1)


def test_gradients_pass_gradcheck(subtests):
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
            assert torch.autograd.gradcheck(lambda r, f: values(loss, r, f), (real, fake))


def test_objectives_have_no_parameters(subtests):
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            assert not list(loss.parameters())


def test_docstrings_give_equation_and_paper(subtests):
    for kind in ALL:
        with subtests.test(kind.__name__):
            loss = kind()
            assert ".. math::" in type(loss).__doc__
            assert re.search(r"\(\d{4}\)", inspect.getmodule(type(loss)).__doc__)
