"""The fully connected pair of Goodfellow et al. (2014): ReLU/sigmoid G, maxout D with dropout."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from lightning_gan.networks.base import Discriminator, Generator
from lightning_gan.networks.layers import GaussianNoise, Maxout, uniform_


class MLPGenerator(Generator):
    """ReLU layers, then sigmoid units: samples in [0, 1].

    =========================  ======================  ==========================
    layer                      2014, MNIST             output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       1200                    [m, 1200]
    ReLU                       1200                    [m, 1200]
    sigmoid                    784                     [m, 784] in [0, 1]
    =========================  ======================  ==========================

    2,503,984 parameters at these sizes. Weights start in U(-irange, irange), biases at 0, output biases at the
    logit of the mean training image.

    Args:
        data_shape: of one example, such as [1, 28, 28].
        z_dim: noise variables.
        widths: units of the hidden layers.
        batch_norm: BatchNorm before each ReLU (Ioffe & Szegedy 2015; not in the paper).
        irange: bound of the initial weights.
    """

    value_range = (0.0, 1.0)

    def __init__(
        self,
        data_shape: Sequence[int],
        z_dim: int = 100,
        widths: Sequence[int] = (1200, 1200),
        batch_norm: bool = False,
        irange: float = 0.05,
    ) -> None:
        super().__init__(data_shape, z_dim)
        hidden: list[nn.Module] = []
        for n_in, n_out in pairwise([z_dim, *widths]):
            norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
            hidden += [nn.Linear(n_in, n_out), *norm, nn.ReLU()]
        self.hidden = nn.Sequential(*hidden)
        self.output = nn.Linear(widths[-1] if widths else z_dim, self.data_size)
        uniform_(self, irange)

    def start_from(self, mean: Callable[[], Tensor]) -> None:
        """Let G's output biases alone give the mean training image (mean in [0, 1])."""
        with torch.no_grad():
            self.output.bias.copy_(torch.logit(mean().flatten(), eps=1e-7))

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape] in [0, 1]."""
        return self.output(self.hidden(z)).sigmoid().view(-1, *self.data_shape)


class MaxoutDiscriminator(Discriminator):
    """Maxout layers with dropout before every layer, then one linear unit.

    =========================  ======================  ==========================
    layer                      2014, MNIST             output
    =========================  ======================  ==========================
    image x                                            [m, 784]
    dropout 0.2, maxout        240 units x 5 pieces    [m, 240]
    dropout 0.5, maxout        240 units x 5 pieces    [m, 240]
    dropout 0.5, linear        1                       [m]
    =========================  ======================  ==========================

    1,231,441 parameters at these sizes. What dropout keeps is multiplied by 1/0.8 and 1/0.5, as in 2014; one mask
    for each example and each pass.

    Args:
        data_shape: of one example, such as [1, 28, 28].
        units: outputs of each maxout layer.
        pieces: linear filters per output.
        layers: maxout layers.
        input_dropout: share of the pixels dropped.
        dropout: share of the hidden units dropped.
        irange: bound of the initial weights.
    """

    def __init__(
        self,
        data_shape: Sequence[int],
        units: int = 240,
        pieces: int = 5,
        layers: int = 2,
        input_dropout: float = 0.2,
        dropout: float = 0.5,
        irange: float = 0.005,
    ) -> None:
        super().__init__(data_shape)
        sizes = [self.data_size] + [units] * layers
        rates = [input_dropout] + [dropout] * layers
        hidden: list[nn.Module] = []
        for (n_in, n_out), rate in zip(pairwise(sizes), rates, strict=False):
            hidden += [nn.Dropout(rate), Maxout(n_in, n_out, pieces)]
        self.network = nn.Sequential(*hidden, nn.Dropout(rates[-1]), nn.Linear(sizes[-1], 1))
        uniform_(self, irange)

    def forward(self, x: Tensor) -> Tensor:
        """[m, *data_shape] to scores, [m]."""
        return self.network(x.flatten(1)).squeeze(1)


class MLPDiscriminator(Discriminator):
    """LeakyReLU layers, then one linear unit: [m, *data_shape] to [m].

    Weights start as torch starts them.

    Args:
        data_shape: of one example, such as [1, 28, 28].
        widths: units of the hidden layers.
        slope: of LeakyReLU below zero.
        noise: standard deviation of Gaussian noise on D's input while training, in units of the data.
    """

    def __init__(
        self,
        data_shape: Sequence[int],
        widths: Sequence[int] = (512, 256),
        slope: float = 0.2,
        noise: float = 0.0,
    ) -> None:
        super().__init__(data_shape)
        sizes = [self.data_size, *widths]
        hidden: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes):
            hidden += [nn.Linear(n_in, n_out), nn.LeakyReLU(slope)]
        self.network = nn.Sequential(GaussianNoise(noise), *hidden, nn.Linear(sizes[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        """[m, *data_shape] to scores, [m]."""
        return self.network(x.flatten(1)).squeeze(1)
