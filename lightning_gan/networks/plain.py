"""Fully connected networks for low-dimensional data."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator, Generator


class LinearMLPGenerator(Generator):
    """Fully connected generator with linear outputs, whose values are unbounded.

    =========================  ======================  ==========================
    layer                      ring                    output
    =========================  ======================  ==========================
    noise z                                            [m, z_dim]
    linear, activation         128                     [m, 128]
    linear, activation         128                     [m, 128]
    linear                     2                       [m, 2]
    =========================  ======================  ==========================

    Args:
        data_shape: Shape of one example, such as [2], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20.
        activation: Function that makes the module between two layers.
        batch_norm: Whether to use BatchNorm before each activation, as in G of Lin et al. (2018), PacGAN.
    """

    value_range = (-torch.inf, torch.inf)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 2,
        widths: Sequence[Size] = (128, 128),
        activation: Callable[[], nn.Module] = nn.ReLU,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(data_shape, z_dim)
        self.network = _layers([z_dim, *widths, self.data_size], activation, batch_norm)

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], from noise, [m, z_dim]."""
        return self.network(z).view(-1, *self.data_shape)


class MLPDiscriminator(FeatureDiscriminator):
    """Fully connected discriminator.

    Args:
        data_shape: Shape of one example, such as [2], each 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20.
        activation: Function that makes the module between two layers.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        widths: Sequence[Size] = (128, 128),
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__(data_shape)
        self.network = _layers([self.data_size, *widths, 1], activation)

    def features(self, x: Tensor) -> Tensor:
        """Compute the features, [m, feature_dim], of examples, [m, *data_shape]."""
        return super().features(x.flatten(1))


def _layers(
    sizes: Sequence[int], activation: Callable[[], nn.Module], batch_norm: bool = False
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes[:-1]):
        norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
        layers += [nn.Linear(n_in, n_out, bias=not batch_norm), *norm, activation()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
