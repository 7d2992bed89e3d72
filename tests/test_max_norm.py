"""MaxNormSGD against its definition."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from lightning_gan.networks import Maxout
from lightning_gan.training.optimizers import MaxNormSGD


def step(optimizer, parameters, gradients):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    optimizer.step()


def test_step_is_sgd_followed_by_a_projection_of_rows():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(6, 4) * torch.tensor([0.01, 0.1, 0.5, 1, 2, 10])[:, None])
    bias = nn.Parameter(100 * torch.ones(6))
    plain = [nn.Parameter(p.detach().clone()) for p in (weight, bias)]
    ours = MaxNormSGD([weight, bias], lr=0.1, momentum=0.5, max_norm=1.5)
    theirs = SGD(plain, lr=0.1, momentum=0.5)
    longest = []
    for _ in range(3):
        gradients = [torch.randn(6, 4), torch.randn(6)]
        step(ours, [weight, bias], gradients)
        step(theirs, plain, gradients)
        norms = plain[0].norm(dim=1, keepdim=True)
        with torch.no_grad():
            plain[0].copy_(torch.where(norms > 1.5, plain[0] * 1.5 / norms, plain[0]))
        torch.testing.assert_close(weight, plain[0])
        assert torch.equal(bias, plain[1])
        longest.append(weight.norm(dim=1).max().item())
    assert max(longest) == pytest.approx(1.5)
    assert weight.norm(dim=1).min() < 1


def test_rows_below_max_norm_are_not_changed():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]))
    step(MaxNormSGD([weight], lr=1.0, max_norm=2.0), [weight], [torch.zeros(3, 2)])
    torch.testing.assert_close(weight[0], torch.tensor([1.2, 1.6]))
    assert torch.equal(weight[1:], torch.tensor([[0.3, 0.4], [0.0, 0.0]]))


def test_every_filter_of_maxout_and_of_a_convolution_is_a_unit():
    maxout, convolution = Maxout(4, units=3, pieces=5), nn.Conv2d(2, 3, 5)
    for layer, of_unit in ((maxout, (15, -1)), (convolution, (3, -1))):
        layer.weight.data.fill_(1)
        step(
            MaxNormSGD([layer.weight], lr=1.0, max_norm=0.5),
            [layer.weight],
            [torch.zeros_like(layer.weight)],
        )
        torch.testing.assert_close(
            layer.weight.view(of_unit).norm(dim=1), torch.full((of_unit[0],), 0.5)
        )


def test_a_closure_is_evaluated():
    weight = nn.Parameter(torch.ones(1, 2))
    weight.grad = torch.zeros(1, 2)
    assert MaxNormSGD([weight], lr=1.0).step(lambda: 7.0) == 7


def test_max_norm_0_is_an_error(subtests):
    for norm in [0.0, -1.0]:
        with subtests.test(norm=norm):
            with pytest.raises(ValueError, match="give a number above 0"):
                MaxNormSGD([nn.Parameter(torch.ones(1, 2))], lr=1.0, max_norm=norm)
