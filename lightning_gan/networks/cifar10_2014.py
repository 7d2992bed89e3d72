"""The two generators that Goodfellow et al. (2014) trained on CIFAR-10.

The first plays against a `MaxoutDiscriminator` of widths [1600, 1600], the second against a `ConvMaxoutDiscriminator`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Positive, Size, check_arguments
from lightning_gan.networks.base import Generator
from lightning_gan.networks.layers import relu_then_sigmoid, uniform_
from lightning_gan.utils.errors import UserError


class ReLUSigmoidGenerator(Generator):
    """ReLU layers, one layer of sigmoid units, and linear outputs: samples without bounds.

    =========================  ======================  ==========================
    layer                      2014, CIFAR-10          output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       8000                    [m, 8000]
    sigmoid                    8000                    [m, 8000]
    linear                     3072                    [m, 3, 32, 32]
    =========================  ======================  ==========================

    89,395,072 parameters at these sizes. Weights start in U(-irange, irange), those of the output layer in
    U(-output_irange, output_irange), and biases at 0.

    Args:
        data_shape: of one example, such as [3, 32, 32], each 1 to 2^20.
        z_dim: noise variables, 1 to 2^20.
        widths: units of the hidden layers, each 1 to 2^20; the last of them are the sigmoid ones.
        irange: bound of the hidden layers' initial weights, above 0.
        output_irange: bound of the output layer's, above 0.
        batch_norm: BatchNorm before each ReLU and before the sigmoid (Ioffe & Szegedy 2015; not in the paper).
    """

    value_range = (-torch.inf, torch.inf)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 100,
        widths: Sequence[Size] = (8000, 8000),
        irange: Positive = 0.05,
        output_irange: Positive = 0.5,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(data_shape, z_dim)
        self.hidden = relu_then_sigmoid(z_dim, widths, batch_norm)
        self.output = nn.Linear(widths[-1], self.data_size)
        uniform_(self.hidden, irange)
        uniform_(self.output, output_irange)

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape]."""
        return self.output(self.hidden(z)).view(-1, *self.data_shape)


class DeconvolutionalGenerator(Generator):
    """ReLU layers, sigmoid units laid out as maps, and one transposed convolution to linear outputs.

    =========================  ======================  ==========================
    layer                      2014, CIFAR-10          output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       8000                    [m, 8000]
    sigmoid                    80 x 10 x 10            [m, 80, 10, 10]
    transposed convolution     3, 5 x 5, stride 3      [m, 3, 32, 32]
    =========================  ======================  ==========================

    64,825,072 parameters at these sizes. The last layer adds a bias of its own to every pixel of every channel, as the
    released code does (`tied_b: 0`). Weights start in U(-irange, irange), biases at 0.

    Args:
        data_shape: of one example, [C, H, W], each 1 to 2^20; H = stride * (maps' height - 1) + kernel, and so for
            W.
        z_dim: noise variables, 1 to 2^20.
        widths: units of the ReLU layers, each 1 to 2^20.
        maps: shape of the sigmoid layer, [channels, height, width], each 1 to 2^20.
        kernel: side of the filters, 1 to 2^20.
        stride: of the transposed convolution, 1 to 2^20.
        irange: bound of the initial weights, above 0.
        batch_norm: BatchNorm before each ReLU and before the sigmoid (Ioffe & Szegedy 2015; not in the paper).
        centred: 1/2 is taken from the sigmoid units. The same functions, since the untied biases can take it up, but
            a step on the filters no longer moves all samples alike (LeCun et al. 1998, "Efficient BackProp",
            section 4.3; not in the paper).
    """

    value_range = (-torch.inf, torch.inf)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 100,
        widths: Sequence[Size] = (8000,),
        maps: Sequence[Size] = (80, 10, 10),
        kernel: Size = 5,
        stride: Size = 3,
        irange: Positive = 0.05,
        batch_norm: bool = False,
        centred: bool = False,
    ) -> None:
        super().__init__(data_shape, z_dim)
        if len(maps) != 3:
            raise UserError(f"maps {list(maps)}: give [channels, height, width].")
        made = (stride * (maps[1] - 1) + kernel, stride * (maps[2] - 1) + kernel)
        if self.data_shape[1:] != made:
            raise UserError(
                f"Maps of {maps[1]} x {maps[2]} with kernel {kernel} and stride {stride} become [C, {made[0]}, "
                f"{made[1]}], but data_shape is {list(data_shape)}: choose sizes that fit."
            )
        self.maps = (maps[0], maps[1], maps[2])
        self.origin = 0.5 if centred else 0.0
        self.hidden = relu_then_sigmoid(z_dim, [*widths, math.prod(maps)], batch_norm)
        channels = self.data_shape[0]
        self.output = nn.ConvTranspose2d(maps[0], channels, kernel, stride, bias=False)
        self.bias = nn.Parameter(torch.zeros(self.data_shape))  # untied
        uniform_(self, irange)

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape]."""
        units = self.hidden(z).unflatten(1, self.maps) - self.origin
        return self.output(units) + self.bias
