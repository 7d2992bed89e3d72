"""E: x to z, the inference net of Goodfellow et al. (2014), section 7, item 2."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from lightning_gan.arguments import NonNegative, Size, check_arguments
from lightning_gan.networks.base import AdversarialNetwork
from lightning_gan.networks.layers import GaussianNoise

LOG_2PI = math.log(2 * math.pi)


class Encoder(AdversarialNetwork):
    """The mean of q(z|x) = N(E(x), I): least squares, written as a density.

    =========================  ======================  ==========================
    layer                      MNIST                   output
    =========================  ======================  ==========================
    example x                                          [m, 784]
    linear, BatchNorm, ReLU    512                     [m, 512]
    linear, BatchNorm, ReLU    512                     [m, 512]
    linear                     8                       [m, 8]
    =========================  ======================  ==========================

    The paper names no architecture. Weights start as torch starts them.

    Args:
        data_shape: of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: noise variables of the generator, 1 to 2^20.
        widths: units of the hidden layers, each 1 to 2^20; none: E is affine.
        noise: standard deviation of Gaussian noise on x while training, in units of the data, at least 0. E learns
            from samples alone; noise keeps it from relying on detail that only samples have.
    """

    outputs = 1  # numbers for each noise variable

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size,
        widths: Sequence[Size] = (512, 512),
        noise: NonNegative = 0.0,
    ) -> None:
        super().__init__(data_shape)
        self.z_dim = z_dim
        sizes = [self.data_size, *widths]
        layers: list[nn.Module] = [GaussianNoise(noise)]
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Linear(sizes[-1], self.outputs * z_dim))

    def forward(self, x: Tensor) -> Tensor:
        """[m, *data_shape] to the mean of q(z|x), [m, z_dim]."""
        return self.network(x.flatten(1))

    def nats(self, z: Tensor, x: Tensor) -> Tensor:
        """-log q(z|x), [m], in nats: half the squared error and a constant, so that its minimum is least squares."""
        return 0.5 * ((z - self(x)).square() + LOG_2PI).sum(1)


class GaussianEncoder(Encoder):
    """q(z|x) = N(E(x), diag(s(x)^2)): E also says how uncertain each noise variable is.

    Where G uses a variable little, s(x) stays near the prior's spread, and the error there costs little.
    """

    outputs = 2

    def q(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Its mean and the log of its standard deviation, [m, z_dim] each."""
        mean, log_std = self.network(x.flatten(1)).chunk(2, dim=1)
        return mean, log_std.clamp(-7, 7)  # a factor of a thousand: the density stays finite

    def forward(self, x: Tensor) -> Tensor:
        """[m, *data_shape] to the mean of q(z|x), [m, z_dim]."""
        return self.q(x)[0]

    def nats(self, z: Tensor, x: Tensor) -> Tensor:
        """-log q(z|x), [m], in nats."""
        mean, log_std = self.q(x)
        error = (z - mean) * torch.exp(-log_std)
        return (0.5 * (error.square() + LOG_2PI) + log_std).sum(1)
