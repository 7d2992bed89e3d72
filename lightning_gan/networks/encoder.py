"""Encoders E, which map x to z: the inference net of Goodfellow et al. (2014), section 7, item 2."""

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
    """Fully connected encoder with q(z|x) = N(E(x), I), whose log-likelihood is a least-squares loss.

    =========================  ======================  ==========================
    layer                      MNIST                   output
    =========================  ======================  ==========================
    example x                                          [m, 784]
    linear, BatchNorm, ReLU    512                     [m, 512]
    linear, BatchNorm, ReLU    512                     [m, 512]
    linear                     8                       [m, 8]
    =========================  ======================  ==========================

    The paper specifies no architecture. Weights have PyTorch's initialisation.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: Number of noise variables of the generator, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20; empty: E is affine.
        noise: Standard deviation of Gaussian noise on x in training, in units of the data, at least 0. E is trained on
            generated examples only; noise hides details that real examples do not have.
    """

    outputs = 1  # number of outputs for each noise variable

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
        """Compute the mean of q(z|x), [m, z_dim], for examples, [m, *data_shape]."""
        return self.network(x.flatten(1))

    def nats(self, z: Tensor, x: Tensor) -> Tensor:
        """Compute -log q(z|x), [m], in nats: half the squared error plus a constant."""
        return 0.5 * ((z - self(x)).square() + LOG_2PI).sum(1)


class GaussianEncoder(Encoder):
    """Encoder with q(z|x) = N(E(x), diag(s(x)^2)), which also predicts the standard deviation of each noise variable.

    For a variable that G hardly uses, s(x) stays near the standard deviation of the prior.
    """

    outputs = 2

    def q(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the mean and the logarithm of the standard deviation of z given x, [m, z_dim] each."""
        mean, log_std = self.network(x.flatten(1)).chunk(2, dim=1)
        return mean, log_std.clamp(
            -7, 7
        )  # s(x) between 1/1000 and 1000, so that the density is finite

    def forward(self, x: Tensor) -> Tensor:
        """Compute the mean of q(z|x), [m, z_dim], for examples, [m, *data_shape]."""
        return self.q(x)[0]

    def nats(self, z: Tensor, x: Tensor) -> Tensor:
        """Compute -log q(z|x), [m], in nats."""
        mean, log_std = self.q(x)
        error = (z - mean) * torch.exp(-log_std)
        return (0.5 * (error.square() + LOG_2PI) + log_std).sum(1)
