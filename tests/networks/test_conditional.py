"""Conditional networks that concatenate a condition."""

import pytest
import torch

from lightning_gan.networks import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    LinearMLPGenerator,
    MaskedGenerator,
    MaxoutDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
)

SHAPE = [1, 2, 2]


def conditional_pair():
    G = ConditionalGenerator(MLPGenerator(SHAPE, z_dim=5, widths=[8]), condition_dim=3)
    D = ConditionalDiscriminator(
        MaxoutDiscriminator([7], widths=[6], pieces=2), SHAPE, condition_dim=3
    )
    return G.eval(), D.eval()


def test_networks_read_the_concatenated_condition():
    G, D = conditional_pair()
    z, c = torch.rand(4, 2), torch.rand(4, 3)
    x = G(z, c)
    assert x.shape == (4, *SHAPE)
    torch.testing.assert_close(x, G.network(torch.cat([z, c], 1)))
    torch.testing.assert_close(x, G(torch.cat([z, c], 1)))  # side by side already
    scores = D(x, c)
    assert scores.shape == (4,)
    torch.testing.assert_close(scores, D.network(torch.cat([x.flatten(1), c], 1)))
    assert not torch.equal(x, G(z, c.flip(0)))
    assert not torch.equal(scores, D(x, c.flip(0)))


def test_wrapper_has_the_data_shape_of_the_inner_network():
    G, D = conditional_pair()
    assert (G.data_shape, D.data_shape) == ((1, 2, 2), (1, 2, 2))
    assert (G.z_dim, G.value_range) == (2, (0.0, 1.0))
    mean = torch.tensor([0.1, 0.2, 0.3, 0.4]).view(SHAPE)
    G.init_from_data(lambda: mean)
    torch.testing.assert_close(G.network.output.bias.sigmoid(), mean.flatten())


def test_observed_values_are_copied_bit_for_bit():
    G = MaskedGenerator(LinearMLPGenerator(SHAPE, z_dim=3 + 8))
    x, mask = torch.randn(5, *SHAPE), torch.randint(2, (5, *SHAPE)).float()
    c = torch.stack([mask * x, mask], 1).flatten(1)
    z = torch.randn(5, 3)
    made = G(z, c)
    assert torch.equal(made[mask == 1], x[mask == 1])
    torch.testing.assert_close(made[mask == 0], G.network(torch.cat([z, c], 1))[mask == 0])


def test_mismatched_sizes_are_an_error(subtests):
    for make, message in [
        (
            lambda: ConditionalGenerator(LinearMLPGenerator([2], z_dim=3), 3),
            "condition_dim is 3, .* has z_dim 3",
        ),
        (lambda: ConditionalGenerator(LinearMLPGenerator([2], z_dim=3), 0), "condition_dim is 0"),
        (lambda: MaskedGenerator(LinearMLPGenerator([2], z_dim=4)), "condition_dim is 4"),
        (
            lambda: ConditionalDiscriminator(MLPDiscriminator([6]), SHAPE, 3),
            r"reads \[6\], but x has 4 values and c has 3: give it data_shape \[7\]",
        ),
        (
            lambda: ConditionalDiscriminator(MLPDiscriminator(SHAPE), SHAPE, 0),
            "condition_dim is 0; give",
        ),
        (
            lambda: ConditionalDiscriminator(MLPDiscriminator([7]), SHAPE, 3)(torch.zeros(2, 4)),
            "reads 4 numbers and a condition of 3, but got 4 and 0: .* such as ConditionalGAN",
        ),
        (
            lambda: ConditionalGenerator(LinearMLPGenerator([2], z_dim=5), 3)(
                torch.zeros(2, 2), torch.zeros(2, 4)
            ),
            "reads 2 numbers and a condition of 3, but got 2 and 4",
        ),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
