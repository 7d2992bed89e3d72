"""The pair of Salimans et al. (2016): sizes, where noise enters, and the start that depends on data."""

import copy
from itertools import pairwise

import pytest
import torch
from pairs import on_two_processes, there
from torch import nn

from lightning_gan.networks import (
    ClassLogitsDiscriminator,
    NoisyDiscriminator,
    SoftplusGenerator,
)
from lightning_gan.networks.salimans_2016 import NoisyLinear

SHAPE = [1, 28, 28]


def small(**arguments):
    torch.manual_seed(0)
    return NoisyDiscriminator([1, 2, 2], widths=[6, 5], **arguments)


def examples(n=50, seed=1):
    return torch.rand(n, 1, 2, 2, generator=torch.Generator().manual_seed(seed))


def test_sizes_are_those_of_the_released_code():
    G, D = SoftplusGenerator(SHAPE), ClassLogitsDiscriminator(NoisyDiscriminator(SHAPE), classes=10)
    assert G(torch.rand(3, 100)).shape == (3, 1, 28, 28)
    assert D.logits(torch.rand(3, *SHAPE)).shape == (3, 10)
    moving = [p.numel() for p in D.parameters() if p.requires_grad]
    sizes = [784, 1000, 500, 250, 250, 250, 10]
    wanted = sum(a * b + b for a, b in pairwise(sizes)) + 10  # lengths of the last
    assert sum(moving) == wanted
    shifts = 2 * 500
    wanted = 100 * 500 + 500 * 500 + shifts + 500 * 784 + 2 * 784
    assert sum(p.numel() for p in G.parameters() if p.requires_grad) == wanted


def test_samples_lie_in_the_unit_interval():
    x = SoftplusGenerator(SHAPE)(torch.rand(20, 100))
    assert 0 <= x.min() < x.max() <= 1


def test_the_first_minibatch_gives_every_unit_mean_0_and_variance_1():
    D = small(input_noise=0.0, noise=0.0)
    D(examples())
    x = examples().flatten(1)
    for layer in D.network:
        x = layer(x)
        if isinstance(layer, nn.Linear):
            torch.testing.assert_close(x.mean(0), torch.zeros(x.shape[1]), atol=1e-5, rtol=0)
            torch.testing.assert_close(x.var(0, correction=0), torch.ones(x.shape[1]))


def test_no_later_minibatch_does_and_none_in_evaluation_mode():
    D = small().eval()
    untouched = copy.deepcopy(D.state_dict())
    D(examples())
    torch.testing.assert_close(D.state_dict(), untouched)
    D.train()(examples())
    started = copy.deepcopy(D.state_dict())
    assert started["started"]
    D(examples(seed=2))
    torch.testing.assert_close(D.state_dict(), started)


def test_a_d_from_a_checkpoint_is_not_started_again():
    D, again = small(), small()
    D(examples())
    again.load_state_dict(D.state_dict())
    again(examples(seed=2))
    torch.testing.assert_close(again.state_dict(), D.state_dict())


def test_noise_enters_while_training_before_every_layer_and_not_behind_the_features():
    D = small()
    D(examples())
    x = examples(1).expand(400, 1, 2, 2)
    assert D.features(x).std(0).max() > 0
    D.eval()
    assert D.features(x).std(0).max() < 1e-5
    f = torch.zeros(400, 5)
    assert D.unit(f).std() < 1e-5
    assert D.unit.train()(f).std().item() == pytest.approx(
        0.5 * D.unit.weight.norm().item(), rel=0.2
    )


def test_a_layer_sees_noise_of_the_given_spread():
    layer = NoisyLinear(2, 2, 0.5, learn_length=True)
    with torch.no_grad():
        layer.weight = torch.eye(2)
    assert layer(torch.zeros(20_000, 2)).std().item() == pytest.approx(0.5, rel=0.02)
    assert torch.equal(layer.eval()(torch.ones(1, 2)), torch.ones(1, 2))


def test_weights_are_a_length_times_a_direction_and_only_the_last_length_moves():
    D = ClassLogitsDiscriminator(small(), classes=3)
    layers = [m for m in D.modules() if isinstance(m, NoisyLinear)]
    for layer in layers:
        torch.testing.assert_close(layer.weight.norm(dim=1, keepdim=True), layer.length)
    assert [layer.length.requires_grad for layer in layers] == [False, False, True]
    assert D.unit is layers[-1]
    assert D.unit.noise == 0.5


def started(rank):
    D = small(input_noise=0.0, noise=0.0)
    D(examples(seed=rank))
    return {k: v for k, v in D.state_dict().items()}


@pytest.mark.slow
def test_two_processes_start_from_the_examples_of_both(tmp_path):
    one, other = on_two_processes(started, __file__, tmp_path)
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    alone = small(input_noise=0.0, noise=0.0)
    alone(torch.cat([examples(seed=0), examples(seed=1)]))
    torch.testing.assert_close(one, dict(alone.state_dict()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SoftplusGenerator(SHAPE, widths=[]), "SoftplusGenerator without hidden"),
        (lambda: NoisyDiscriminator(SHAPE, widths=[]), "NoisyDiscriminator without hidden"),
        (lambda: NoisyDiscriminator(SHAPE, noise=-1.0), "NoisyLinear with noise -1"),
    ],
)
def test_impossible_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


if __name__ == "__main__":
    there(started)
