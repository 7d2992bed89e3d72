"""Layers that PyTorch does not have."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear

from lightning_gan.arguments import Count, NonNegative, Size, SizeOrZero, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.utils.errors import UserError


class Maxout(nn.Linear):
    """Linear layer followed by the maximum over groups of filters: Goodfellow et al. (2013), "Maxout Networks", eq. 2.

    Args:
        features: Number of inputs, at least 1.
        units: Number of outputs, 1 to 2^20.
        pieces: Number of filters for each output, 1 to 2^20. The filters of a group are `units` rows apart, which makes
            the maximum faster; in the code of 2014 they are adjacent, which is a permutation of the rows.
    """

    @check_arguments
    def __init__(self, features: Count, units: Size, pieces: Size) -> None:
        super().__init__(features, units * pieces)
        self.units, self.pieces = units, pieces

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, features] to [m, units]."""
        return super().forward(x).view(-1, self.pieces, self.units).amax(1)


class ConvMaxout(nn.Conv2d):
    """Convolution followed by the maximum over groups of filters and max pooling: Goodfellow et al. (2013), sec. 5.2.

    The last pooling window may extend beyond the edge (ceil mode), as in the code of 2013 and 2014, so that all
    positions are used. Each filter has one bias for all positions ("tied" in that code).

    Args:
        n_in: Number of input channels, at least 1.
        channels: Number of output channels, 1 to 2^20.
        pieces: Number of filters for each output channel, 1 to 2^20; the filters of a group are `channels` apart, as in
            `Maxout`.
        kernel: Side of the filters, 1 to 2^20.
        padding: Width of the zero padding on each side, 0 to 2^20.
        pool: Side of the pooling window, 1 to 2^20.
        stride: Stride of the pooling, 1 to 2^20; the convolution has stride 1.

    Raises:
        UserError: The stride is larger than the pooling window.
    """

    @check_arguments
    def __init__(
        self,
        n_in: Count,
        channels: Size,
        pieces: Size = 2,
        kernel: Size = 8,
        padding: SizeOrZero = 0,
        pool: Size = 4,
        stride: Size = 2,
    ) -> None:
        if stride > pool:
            raise UserError(
                f"ConvMaxout with stride {stride} and pool {pool}: give a stride of at most the pool."
            )
        super().__init__(n_in, channels * pieces, kernel, padding=padding)
        self.channels, self.pieces = channels, pieces
        self.pool = nn.MaxPool2d(pool, stride, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, n_in, H, W] to [m, channels, H', W']."""
        filtered = super().forward(x)
        return self.pool(filtered.unflatten(1, (self.pieces, self.channels)).amax(1))


class ConditionalBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm whose scale and shift are linear in a condition c: de Vries et al. (2017); G of Miyato & Koyama (2018).

    For a one-hot c, each class has its own scale, initially 1, and shift, initially 0; the statistics are over all
    classes. With c = 1 for all examples it equals BatchNorm.

    ========================  ===================
    input                     [m, channels, H, W]
    c                         [m, condition_dim]
    output                    [m, channels, H, W]
    ========================  ===================

    Args:
        channels: Number of channels, 1 to 2^20.
        condition_dim: Size of c, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, channels: Size, condition_dim: Size) -> None:
        super().__init__(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(channels, condition_dim))
        self.shift = nn.Parameter(torch.zeros(channels, condition_dim))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:  # type: ignore[override]
        """Normalise maps, [m, channels, H, W], with conditions, [m, condition_dim]."""
        scale, shift = (linear(c, w)[..., None, None] for w in (self.scale, self.shift))
        return torch.addcmul(shift, scale, super().forward(x))


class GaussianNoise(nn.Module):
    """Gaussian noise N(0, std^2) that is added in training mode only.

    On D's input it makes the distributions of real and generated examples overlap: Sonderby et al. (2017); Arjovsky &
    Bottou (2017), section 3.

    Args:
        std: Standard deviation, in units of the input, at least 0; 0: no noise.
    """

    @check_arguments
    def __init__(self, std: NonNegative) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """Add noise in training mode."""
        if not (self.training and self.std):
            return x

        def draw(n: int) -> Tensor:
            return torch.randn(n, *x.shape[1:], dtype=x.dtype, device=x.device)

        return x + self.std * collectives.rank_slice(len(x), draw)


class Dropout(nn.Dropout):
    """Dropout with the masks on each device that one device would draw for the examples of all devices."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply dropout in training mode."""
        if collectives.world_size() == 1 or not self.training or not self.p:  # p = 0 draws nothing
            return super().forward(x)
        return x * collectives.rank_slice(
            len(x), lambda n: dropout(x.new_ones(n, *x.shape[1:]), self.p, training=True)
        )


def uniform_(module: nn.Module, irange: float) -> None:
    """Initialise all linear and convolutional layers of a module: weights from U(-irange, irange), biases 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.uniform_(layer.weight, -irange, irange)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def make_relu_sigmoid_layers(
    z_dim: int, widths: Sequence[int], batch_norm: bool = False
) -> nn.Sequential:
    """Make linear layers with ReLU units, the last one with sigmoid units, that map [m, z_dim] to [m, widths[-1]].

    Args:
        z_dim: Number of inputs.
        widths: Number of units in each layer.
        batch_norm: Whether to use BatchNorm before each ReLU and before the sigmoid.

    Raises:
        UserError: There are no widths.
    """
    if not widths:
        raise UserError("The generator has no hidden layers: give widths, such as [8000, 8000].")
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([z_dim, *widths]):
        norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
        layers += [nn.Linear(n_in, n_out, bias=not batch_norm), *norm, nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())
