"""Fully connected networks of Goodfellow et al. (2014), and a generator that upsamples its output."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from lightning_gan.arguments import NonNegative, Positive, Rate, Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator, Generator
from lightning_gan.networks.layers import Dropout, GaussianNoise, Maxout, uniform_
from lightning_gan.utils.errors import UserError


class MLPGenerator(Generator):
    """Generator with ReLU layers and sigmoid outputs in [0, 1].

    =========================  ======================  ==========================
    layer                      2014, MNIST             output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       1200                    [m, 1200]
    ReLU                       1200                    [m, 1200]
    sigmoid                    784                     [m, 784] in [0, 1]
    =========================  ======================  ==========================

    2,503,984 parameters at these sizes. Initial weights are from U(-irange, irange), initial biases are 0; the output
    biases are set to the logit of the mean training image when training begins.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20.
        batch_norm: Whether to use BatchNorm before each ReLU (Ioffe & Szegedy 2015; not in the paper).
        irange: Bound of the initial weights, above 0; None: PyTorch's initialisation.
    """

    value_range = (0.0, 1.0)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 100,
        widths: Sequence[Size] = (1200, 1200),
        batch_norm: bool = False,
        irange: Positive | None = 0.05,
    ) -> None:
        super().__init__(data_shape, z_dim)
        if not widths:
            raise UserError("MLPGenerator has no hidden layers: give widths, such as [1200, 1200].")
        hidden: list[nn.Module] = []
        for n_in, n_out in pairwise([z_dim, *widths]):
            norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
            hidden += [nn.Linear(n_in, n_out, bias=not batch_norm), *norm, nn.ReLU()]
        self.hidden = nn.Sequential(*hidden)
        self.output = nn.Linear(widths[-1], self.data_size)
        if irange is not None:
            uniform_(self, irange)

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Set the output biases to the logit of the mean training image.

        Args:
            mean: Function that returns the mean training image, in [0, 1].
        """
        with torch.no_grad():
            self.output.bias.copy_(torch.logit(mean().flatten(), eps=1e-7))

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], in [0, 1], from noise, [m, z_dim]."""
        return self.output(self.hidden(z)).sigmoid().view(-1, *self.data_shape)


class UpsampledMLPGenerator(MLPGenerator):
    """MLPGenerator that generates a coarse image and upsamples it (bilinear) before the sigmoid.

    It has fewer weights, and its images have no single-pixel detail. Parzen window estimates, which depend on squared
    distances of pixels, are much higher for such images than for sharp ones (docs/parzen.md).

    Args:
        data_shape: Shape of one example, [C, H, W], each 1 to 2^20.
        coarse: Height and width of the coarse image, each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20; BatchNorm is used before each ReLU.

    Raises:
        UserError: coarse is not [h, w], or data_shape is not [C, H, W].
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        coarse: Sequence[Size] = (14, 14),
        z_dim: Size = 100,
        widths: Sequence[Size] = (1200, 1200),
    ) -> None:
        super().__init__(data_shape, z_dim, widths, batch_norm=True, irange=None)
        if len(self.data_shape) != 3 or len(coarse) != 2:
            raise UserError(
                f"coarse {list(coarse)} for data_shape {list(data_shape)}: give [h, w] and [C, H, W]."
            )
        self.coarse = (coarse[0], coarse[1])
        self.output = nn.Linear(widths[-1], self.data_shape[0] * coarse[0] * coarse[1])
        self.enlarge = nn.Upsample(self.data_shape[1:], mode="bilinear")

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Set the output biases to the logit of the downsampled mean training image.

        Args:
            mean: Function that returns the mean training image, in [0, 1].
        """
        with torch.no_grad():
            coarse = adaptive_avg_pool2d(mean(), self.coarse)
            self.output.bias.copy_(torch.logit(coarse.flatten(), eps=1e-3))

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], in [0, 1], from noise, [m, z_dim]."""
        return self.enlarge(self.output(self.hidden(z)).unflatten(1, (-1, *self.coarse))).sigmoid()


class MaxoutDiscriminator(FeatureDiscriminator):
    """Discriminator with maxout layers and one linear unit; dropout before each layer.

    =========================  ======================  ==========================
    layer                      2014, MNIST             output
    =========================  ======================  ==========================
    image x                                            [m, 784]
    dropout 0.2, maxout        240 units x 5 pieces    [m, 240]
    dropout 0.5, maxout        240 units x 5 pieces    [m, 240]
    dropout 0.5, linear        1                       [m]
    =========================  ======================  ==========================

    1,231,441 parameters at these sizes. Dropout multiplies the other values by 1/0.8 and 1/0.5, as in 2014, and draws a
    mask for each example and each forward pass.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
        widths: Number of units in each maxout layer, each 1 to 2^20.
        pieces: Number of linear filters for each unit, 1 to 2^20.
        input_dropout: Probability that a pixel is dropped, at least 0 and below 1.
        dropout: Probability that a hidden unit is dropped, at least 0 and below 1.
        noise: Standard deviation of Gaussian noise on D's input in training, in units of the data, at least 0 (not in
            the paper).
        irange: Bound of the initial weights, above 0; None: PyTorch's initialisation.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        widths: Sequence[Size] = (240, 240),
        pieces: Size = 5,
        input_dropout: Rate = 0.2,
        dropout: Rate = 0.5,
        noise: NonNegative = 0.0,
        irange: Positive | None = 0.005,
    ) -> None:
        super().__init__(data_shape)
        if not widths:
            raise UserError("MaxoutDiscriminator has no layers: give widths, such as [240, 240].")
        sizes = [self.data_size, *widths]
        rates = [input_dropout] + [dropout] * len(widths)
        hidden: list[nn.Module] = []
        for (n_in, n_out), rate in zip(pairwise(sizes), rates, strict=False):
            hidden += [Dropout(rate), Maxout(n_in, n_out, pieces)]
        self.network = nn.Sequential(
            GaussianNoise(noise), *hidden, Dropout(rates[-1]), nn.Linear(sizes[-1], 1)
        )
        if irange is not None:
            uniform_(self, irange)

    def features(self, x: Tensor) -> Tensor:
        """Compute the features, [m, feature_dim], of examples, [m, *data_shape]."""
        return super().features(x.flatten(1))
