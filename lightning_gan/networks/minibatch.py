"""Minibatch discrimination of Salimans et al. (2016), "Improved techniques for training GANs", section 3.2."""

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Count, Size, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper


class MinibatchDiscrimination(nn.Module):
    r"""How close an example lies to the others of its minibatch, in `kernels` ways.

    .. math:: M_i = f(x_i) T, \qquad o(x_i)_b = \sum_{j \neq i} \exp(-\lVert M_{i,b} - M_{j,b} \rVert_1)

    The paper's sum has j = i too, a term that is always 1; it is left out, as in the released code. o(x_i)_b lies
    between 0, far from all, and m - 1, where all examples are one.

    =====================  ===========================  ===============================
    step                   size                         output
    =====================  ===========================  ===============================
    features f(x)                                       [m, n_in]
    T, linear              kernels x kernel_dim         M, [m, kernels, kernel_dim]
    sums over the others   kernels                      [m, kernels]
    beside f(x)                                         [m, n_in + kernels]
    =====================  ===========================  ===============================

    The minibatch is that of all devices in training mode, and this device's in evaluation mode. Memory grows with
    m^2 kernels kernel_dim.

    Args:
        n_in: numbers in f(x), A in the paper, at least 1.
        kernels: B, 1 to 2^20.
        kernel_dim: C, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, n_in: Count, kernels: Size, kernel_dim: Size) -> None:
        super().__init__()
        self.T = nn.Linear(n_in, kernels * kernel_dim, bias=False)
        self.kernels, self.kernel_dim = kernels, kernel_dim

    def closeness(self, f: Tensor) -> Tensor:
        """o(x), [m, kernels], of f(x), [m, n_in]."""
        M = self.T(f).unflatten(1, (self.kernels, self.kernel_dim))
        others = collectives.all_gather(M) if self.training else M
        distances = (M[:, None] - others).abs().sum(3)  # [m, m of all devices, kernels]
        return torch.exp(-distances).sum(1) - 1

    def forward(self, f: Tensor) -> Tensor:
        """f(x) and o(x) side by side, [m, n_in + kernels]."""
        return torch.cat([f, self.closeness(f)], 1)


class MinibatchDiscriminator(DiscriminatorWrapper):
    """D whose last unit also reads how close an example is to the others: a G that makes one thing gives itself away.

    A score depends on the whole minibatch, so examples and samples go through D apart, and a minibatch of another size
    has other scores.

    ==============================  ========================  ===============================
    layer                           size                      output
    ==============================  ========================  ===============================
    features of D inside                                      [m, n]
    minibatch discrimination        kernels x kernel_dim      [m, n + kernels]
    linear                          1                         scores, [m]
    ==============================  ========================  ===============================

    Args:
        discriminator: the one inside. Its last unit gives way to one of n + kernels inputs, which starts as torch
            starts it.
        kernels: B in the paper, 1 to 2^20.
        kernel_dim: C in the paper, 1 to 2^20; 5 in its released code unless it says otherwise.
    """

    @check_arguments
    def __init__(
        self, discriminator: FeatureDiscriminator, kernels: Size = 50, kernel_dim: Size = 5
    ) -> None:
        super().__init__(discriminator)
        self.require_unconditional()
        self.minibatch = MinibatchDiscrimination(self.feature_dim, kernels, kernel_dim)
        self.replace_head(nn.Linear(self.feature_dim + kernels, 1))

    def features(self, x: Tensor) -> Tensor:
        """f(x) and o(x), [m, n + kernels], of examples, [m, *data_shape]."""
        return self.minibatch(super().features(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples, [m, *data_shape], to scores, [m]; no c is read."""
        return self.last_layer(self.features(x)).squeeze(1)
