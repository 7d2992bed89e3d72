"""Minibatch discrimination: Salimans et al. (2016), "Improved techniques for training GANs", section 3.2."""

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Count, Size, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper


class MinibatchDiscrimination(nn.Module):
    r"""Layer that measures the closeness of an example to the others of its minibatch with `kernels` learned kernels.

    .. math:: M_i = f(x_i) T, \qquad o(x_i)_b = \sum_{j \neq i} \exp(-\lVert M_{i,b} - M_{j,b} \rVert_1)

    The paper's sum includes j = i, whose term is always 1; it is left out, as in the released code. o(x_i)_b is between
    0, if all others are far away, and m - 1, if all examples are equal.

    =====================  ===========================  ===============================
    step                   size                         output
    =====================  ===========================  ===============================
    features f(x)                                       [m, n_in]
    T, linear              kernels x kernel_dim         M, [m, kernels, kernel_dim]
    sums over the others   kernels                      [m, kernels]
    concatenation to f(x)                               [m, n_in + kernels]
    =====================  ===========================  ===============================

    The minibatch is that of all devices in training mode, and that of this device in evaluation mode. The memory is
    proportional to m^2 kernels kernel_dim.

    Args:
        n_in: Number of features in f(x), A in the paper, at least 1.
        kernels: Number of kernels, B in the paper, 1 to 2^20.
        kernel_dim: Dimension of each kernel, C in the paper, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, n_in: Count, kernels: Size, kernel_dim: Size) -> None:
        super().__init__()
        self.T = nn.Linear(n_in, kernels * kernel_dim, bias=False)
        self.kernels, self.kernel_dim = kernels, kernel_dim

    def closeness(self, f: Tensor) -> Tensor:
        """Compute o(x), [m, kernels], from f(x), [m, n_in]."""
        M = self.T(f).unflatten(1, (self.kernels, self.kernel_dim))
        others = collectives.all_gather(M) if self.training else M
        distances = (M[:, None] - others).abs().sum(3)  # [m, m of all devices, kernels]
        return torch.exp(-distances).sum(1) - 1

    def forward(self, f: Tensor) -> Tensor:
        """Concatenate f(x) and o(x), [m, n_in + kernels]."""
        return torch.cat([f, self.closeness(f)], 1)


class MinibatchDiscriminator(DiscriminatorWrapper):
    """Discriminator whose last layer also reads the closeness of examples, so that it can detect a collapsed G.

    A logit depends on the whole minibatch and on its size. Real and generated examples are separate minibatches.

    ==============================  ========================  ===============================
    layer                           size                      output
    ==============================  ========================  ===============================
    features of D inside                                      [m, n]
    minibatch discrimination        kernels x kernel_dim      [m, n + kernels]
    linear                          1                         logits, [m]
    ==============================  ========================  ===============================

    Args:
        discriminator: Discriminator inside the wrapper. Its last layer is replaced by one of n + kernels inputs with
            PyTorch's initialisation.
        kernels: Number of kernels, B in the paper, 1 to 2^20.
        kernel_dim: Dimension of each kernel, C in the paper, 1 to 2^20; 5 by default in the released code.
    """

    @check_arguments
    def __init__(
        self, discriminator: FeatureDiscriminator, kernels: Size = 50, kernel_dim: Size = 5
    ) -> None:
        super().__init__(discriminator)
        self.require_unconditional()
        self.minibatch = MinibatchDiscrimination(self.feature_dim, kernels, kernel_dim)
        self.replace_last_layer(nn.Linear(self.feature_dim + kernels, 1))

    def features(self, x: Tensor) -> Tensor:
        """Compute f(x) and o(x), [m, n + kernels], of examples, [m, *data_shape]."""
        return self.minibatch(super().features(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape]; c is not used."""
        return self.last_layer(self.features(x)).squeeze(1)
