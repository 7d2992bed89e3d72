"""Minibatch discrimination against its sums."""

import math

import pytest
import torch

from lightning_gan.networks import (
    DCGANDiscriminator,
    MinibatchDiscrimination,
    MinibatchDiscriminator,
    MLPDiscriminator,
)


def test_closeness_is_the_papers_sum_without_the_example_itself():
    torch.manual_seed(0)
    m, A, B, C = 5, 4, 3, 2
    layer = MinibatchDiscrimination(A, B, C).double()
    f = torch.randn(m, A).double()
    T = layer.T.weight.T.reshape(A, B, C)
    M = torch.einsum("ia,abc->ibc", f, T)
    o = torch.zeros(m, B).double()
    for i in range(m):
        for b in range(B):
            for j in range(m):
                if j != i:
                    o[i, b] += math.exp(-sum(abs(M[i, b, c] - M[j, b, c]).item() for c in range(C)))
    torch.testing.assert_close(layer.closeness(f), o)
    torch.testing.assert_close(layer(f), torch.cat([f, o], 1))


def test_closeness_is_between_0_and_m_minus_1():
    layer = MinibatchDiscrimination(2, 3, 4)
    one = torch.ones(6, 2)
    torch.testing.assert_close(layer.closeness(one), torch.full((6, 3), 5.0))
    far = 1e4 * torch.eye(2)
    torch.testing.assert_close(layer.closeness(far), torch.zeros(2, 3))
    torch.testing.assert_close(layer.closeness(one[:1]), torch.zeros(1, 3))  # alone


def test_d_reads_features_and_closeness(subtests):
    for inner in [
        lambda: MLPDiscriminator([2], widths=[6]),
        lambda: DCGANDiscriminator([1, 28, 28], 2),
    ]:
        with subtests.test(inner=inner):
            D = MinibatchDiscriminator(inner(), kernels=5, kernel_dim=2)
            x = torch.randn(4, *D.data_shape)
            f = D.features(x)
            assert f.shape == (4, D.feature_dim)
            assert D.feature_dim == inner().feature_dim + 5
            torch.testing.assert_close(
                D(x), (f @ D.last_layer.weight.T + D.last_layer.bias).squeeze(1)
            )
            D(x).sum().backward()
            assert all(p.grad is not None for p in D.parameters())


def test_d_distinguishes_collapsed_from_varied_minibatches():
    torch.manual_seed(0)
    varied = torch.randn(64, 2)
    collapsed = varied[:1].expand(64, 2)
    inner = MLPDiscriminator([2], widths=[8])
    assert inner(collapsed)[0] == inner(varied)[0]  # D without it cannot see the others
    D = MinibatchDiscriminator(inner, kernels=10, kernel_dim=3)
    near, apart = D.features(collapsed)[:, 8:], D.features(varied)[:, 8:]
    assert (near > apart.max(0).values).all()
    assert not torch.allclose(D(collapsed)[0], D(varied)[0])


def test_the_second_derivative_of_a_gradient_penalty_exists():
    D = MinibatchDiscriminator(MLPDiscriminator([2], widths=[6]), kernels=3, kernel_dim=2)
    x = torch.randn(4, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert D.minibatch.T.weight.grad.any()


def test_invalid_sizes_are_an_error():
    with pytest.raises(ValueError, match="kernels is 0; give"):
        MinibatchDiscrimination(3, 0, 2)
