"""Differentiable updates equal PyTorch's and have finite gradients for inactive units."""

import itertools
from functools import partial

import pytest
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD, Adam, AdamW

from lightning_gan.training.differentiable_optimizers import (
    clip_gradients_differentiably,
    make_next_updates,
    safe_sqrt,
)
from lightning_gan.training.optimizers import MaxNormSGD

OPTIMIZERS = {
    "adam": partial(Adam, lr=0.01, betas=(0.5, 0.9)),
    "adam, weight decay, eps": partial(Adam, lr=0.01, weight_decay=0.3, eps=0.1),
    "sgd": partial(SGD, lr=0.1),
    "sgd, momentum": partial(SGD, lr=0.1, momentum=0.9, weight_decay=0.2),
    "sgd, nesterov": partial(SGD, lr=0.1, momentum=0.9, nesterov=True),
    "sgd, dampening": partial(SGD, lr=0.1, momentum=0.9, dampening=0.5),
}


def parameters():
    rng = torch.Generator().manual_seed(0)
    shapes = {"w": (3, 2), "b": (3,)}
    return {
        name: torch.randn(shape, dtype=torch.float64, generator=rng).requires_grad_()
        for name, shape in shapes.items()
    }


def gradients(theta, step):
    """Compute the gradients of a loss that is not quadratic and changes with each step."""
    loss = sum((p * (step + 1)).sin().sum() for p in theta.values())
    return torch.autograd.grad(loss, list(theta.values()), create_graph=True)


def advance(optimizer, theta, steps, first=0):
    for step in range(first, first + steps):
        for p, g in zip(theta.values(), gradients(theta, step), strict=True):
            p.grad = g.detach()
        optimizer.step()


def test_updates_equal_pytorchs(subtests):
    for name, before in itertools.product(OPTIMIZERS, [0, 4]):
        with subtests.test(before=before, name=name):
            theta = parameters()
            optimizer = OPTIMIZERS[name](theta.values())
            advance(optimizer, theta, before)
            optimizer.param_groups[0]["lr"] *= 0.7  # as a schedule would
            step = make_next_updates(optimizer, theta)
            ours = {name: p.detach().clone().requires_grad_() for name, p in theta.items()}
            for i in range(3):
                ours = step(ours, gradients(ours, before + i))
            advance(optimizer, theta, 3, first=before)
            for name, p in theta.items():
                torch.testing.assert_close(ours[name], p, rtol=0, atol=1e-12)


def test_optimizer_is_not_changed(subtests):
    for name in OPTIMIZERS:
        with subtests.test(name=name):
            theta = parameters()
            optimizer = OPTIMIZERS[name](theta.values())
            advance(optimizer, theta, 2)
            before = {
                id(p): {k: torch.as_tensor(v).clone() for k, v in state.items() if v is not None}
                for p, state in optimizer.state.items()
            }
            values = [p.detach().clone() for p in theta.values()]
            step = make_next_updates(optimizer, theta)
            ahead = step(step(theta, gradients(theta, 2)), gradients(theta, 3))
            assert not torch.equal(ahead["w"], theta["w"])
            for p, value in zip(theta.values(), values, strict=True):
                assert torch.equal(p, value)
                for key, kept in before.get(id(p), {}).items():
                    assert torch.equal(torch.as_tensor(optimizer.state[p][key]), kept)


def test_inactive_units_have_finite_gradients():
    theta = {"dead": torch.zeros(2, requires_grad=True), "live": torch.ones(2, requires_grad=True)}
    x = torch.tensor(0.5, requires_grad=True)
    step = make_next_updates(Adam(theta.values(), lr=0.1), theta)
    for _ in range(3):
        loss = ((theta["dead"] - 1).relu() * x).sum() + (theta["live"] * x).square().sum()
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
        assert grads[0].abs().max() == 0
        theta = step(theta, grads)
    theta["live"].sum().backward()
    assert x.grad.isfinite()
    assert x.grad != 0


def test_parameter_without_a_gradient_is_unchanged():
    theta = parameters()
    step = make_next_updates(Adam(theta.values(), lr=0.1), theta)
    ahead = step(theta, [torch.ones(3, 2), None])
    assert ahead["b"] is theta["b"]
    assert not torch.equal(ahead["w"], theta["w"])


def test_clipping_equals_pytorchs(subtests):
    for largest in [0.1, 100.0, None]:
        with subtests.test(largest=largest):
            g = [torch.randn(3, 2), None, torch.randn(5)]
            theirs = [torch.zeros_like(t).requires_grad_() for t in g if t is not None]
            for p, t in zip(theirs, (g[0], g[2]), strict=True):
                p.grad = t.clone()
            clip_grad_norm_(theirs, largest or float("inf"))
            ours = clip_gradients_differentiably(g, largest)
            assert ours[1] is None
            torch.testing.assert_close([ours[0], ours[2]], [p.grad for p in theirs])


def test_safe_sqrt_is_the_square_root_with_derivative_0_at_0():
    v = torch.tensor([0.0, 4.0], requires_grad=True)
    safe_sqrt(v).sum().backward()
    torch.testing.assert_close(safe_sqrt(v), v.sqrt())
    assert v.grad.tolist() == [0.0, 0.25]


def test_unsupported_optimizers_are_an_error(subtests):
    for make, named in [
        (partial(AdamW, lr=0.1), "AdamW with decoupled_weight_decay"),
        (partial(Adam, lr=0.1, amsgrad=True), "Adam with amsgrad"),
        (partial(SGD, lr=0.1, maximize=True), "SGD with maximize"),
        (partial(MaxNormSGD, lr=0.1), "MaxNormSGD"),
        (partial(torch.optim.RMSprop, lr=0.1), "RMSprop"),
    ]:
        with subtests.test(make=make, named=named):
            theta = parameters()
            with pytest.raises(
                ValueError, match=f"D's optimizer is {named}, which unrolling does not"
            ):
                make_next_updates(make(theta.values()), theta)
