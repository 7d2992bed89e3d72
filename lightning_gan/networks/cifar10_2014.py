"""Generators for CIFAR-10 of Goodfellow et al. (2014).

The paper trains `ReLUSigmoidGenerator` with a `MaxoutDiscriminator` of widths [1600, 1600], and
`DeconvolutionalGenerator` with a `ConvMaxoutDiscriminator`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Positive, Size, check_arguments
from lightning_gan.networks.base import Generator
from lightning_gan.networks.layers import make_relu_sigmoid_layers, uniform_
from lightning_gan.utils.errors import UserError


class ReLUSigmoidGenerator(Generator):
    """Fully connected generator with ReLU layers, one sigmoid layer and linear outputs, whose values are unbounded.

    =========================  ======================  ==========================
    layer                      2014, CIFAR-10          output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       8000                    [m, 8000]
    sigmoid                    8000                    [m, 8000]
    linear                     3072                    [m, 3, 32, 32]
    =========================  ======================  ==========================

    89,395,072 parameters at these sizes. Initial weights are from U(-irange, irange), those of the output layer from
    U(-output_irange, output_irange); initial biases are 0.

    Args:
        data_shape: Shape of one example, such as [3, 32, 32], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20; the last one is the sigmoid layer.
        irange: Bound of the hidden layers' initial weights, above 0.
        output_irange: Bound of the output layer's initial weights, above 0.
        batch_norm: Whether to use BatchNorm before each ReLU and before the sigmoid (Ioffe & Szegedy 2015; not in the
            paper).
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
        self.hidden = make_relu_sigmoid_layers(z_dim, widths, batch_norm)
        self.output = nn.Linear(widths[-1], self.data_size)
        uniform_(self.hidden, irange)
        uniform_(self.output, output_irange)

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], from noise, [m, z_dim]."""
        return self.output(self.hidden(z)).view(-1, *self.data_shape)


class DeconvolutionalGenerator(Generator):
    """Generator with ReLU layers, a sigmoid layer that is reshaped to feature maps, and one transposed convolution.

    =========================  ======================  ==========================
    layer                      2014, CIFAR-10          output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       8000                    [m, 8000]
    sigmoid                    80 x 10 x 10            [m, 80, 10, 10]
    transposed convolution     3, 5 x 5, stride 3      [m, 3, 32, 32]
    =========================  ======================  ==========================

    64,825,072 parameters at these sizes. The output layer has a bias for each pixel of each channel, as in the released
    code (`tied_b: 0`). Initial weights are from U(-irange, irange), initial biases are 0.

    Args:
        data_shape: Shape of one example, [C, H, W], each 1 to 2^20; H = stride * (height of the maps - 1) + kernel,
            and W likewise.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each ReLU layer, each 1 to 2^20.
        maps: Shape of the sigmoid layer, [channels, height, width], each 1 to 2^20.
        kernel: Side of the filters, 1 to 2^20.
        stride: Stride of the transposed convolution, 1 to 2^20.
        irange: Bound of the initial weights, above 0.
        batch_norm: Whether to use BatchNorm before each ReLU and before the sigmoid (Ioffe & Szegedy 2015; not in the
            paper).
        centred: Whether to subtract 1/2 from the sigmoid units (not in the paper). The biases of the output layer can
            compensate for it, but an update of the filters no longer changes all generated images in the same way
            (LeCun et al. 1998, "Efficient BackProp", section 4.3).

    Raises:
        UserError: The maps do not have three sizes, or do not result in `data_shape`.
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
        size = (stride * (maps[1] - 1) + kernel, stride * (maps[2] - 1) + kernel)
        if self.data_shape[1:] != size:
            raise UserError(
                f"Maps of {maps[1]} x {maps[2]} with kernel {kernel} and stride {stride} become [C, {size[0]}, "
                f"{size[1]}], but data_shape is {list(data_shape)}: choose sizes that fit."
            )
        self.maps = (maps[0], maps[1], maps[2])
        self.origin = 0.5 if centred else 0.0
        self.hidden = make_relu_sigmoid_layers(z_dim, [*widths, math.prod(maps)], batch_norm)
        channels = self.data_shape[0]
        self.output = nn.ConvTranspose2d(maps[0], channels, kernel, stride, bias=False)
        self.bias = nn.Parameter(torch.zeros(self.data_shape))  # for each pixel
        uniform_(self, irange)

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], from noise, [m, z_dim]."""
        units = self.hidden(z).unflatten(1, self.maps) - self.origin
        return self.output(units) + self.bias
