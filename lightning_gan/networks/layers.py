"""Layers that torch lacks."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear

from lightning_gan.arguments import Count, NonNegative, Size, SizeOrZero, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.utils.errors import UserError


class Maxout(nn.Linear):
    """Maximum over groups of linear filters: Goodfellow et al. (2013), "Maxout Networks", equation 2.

    Args:
        features: inputs, at least 1.
        units: outputs, 1 to 2^20.
        pieces: filters per output, 1 to 2^20. Filters of a group lie `units` rows apart, so that the maximum runs
            over contiguous memory; 2014's code put them side by side, which is the same network with its rows in
            another order.
    """

    @check_arguments
    def __init__(self, features: Count, units: Size, pieces: Size) -> None:
        super().__init__(features, units * pieces)
        self.units, self.pieces = units, pieces

    def forward(self, x: Tensor) -> Tensor:
        """[m, features] to [m, units]."""
        return super().forward(x).view(-1, self.pieces, self.units).amax(1)


class ConvMaxout(nn.Conv2d):
    """Maximum over groups of filters at each place, then over the places of a pool: Goodfellow et al. (2013), 5.2.

    The last window of the pool may reach beyond the edge (ceil mode), as in the code of 2013 and 2014, so that no
    place is left out. One bias for each filter, the same at all places ("tied" in that code).

    Args:
        n_in: channels of the input, at least 1.
        channels: of the output, 1 to 2^20.
        pieces: filters per output channel, 1 to 2^20; filters of a group lie `channels` apart, as in `Maxout`.
        kernel: side of the filters, 1 to 2^20.
        padding: zeros around the input, on each side, 0 to 2^20.
        pool: side of the pool, 1 to 2^20.
        stride: of the pool, 1 to 2^20; the filters go everywhere.
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
        """[m, n_in, H, W] to [m, channels, H', W']."""
        filtered = super().forward(x)
        return self.pool(filtered.unflatten(1, (self.pieces, self.channels)).amax(1))


class ConditionalBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm whose scale and shift are linear in a condition c: de Vries et al. (2017); G of Miyato & Koyama (2018).

    For classes, c being 1 at one place, every class has its own scale, which starts at 1, and shift, which starts at
    0; the statistics are those of all classes. With c = 1 for every example it is BatchNorm.

    ========================  ===================
    input                     [m, channels, H, W]
    c                         [m, condition_dim]
    output                    [m, channels, H, W]
    ========================  ===================

    Args:
        channels: of the maps, 1 to 2^20.
        condition_dim: numbers in c, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, channels: Size, condition_dim: Size) -> None:
        super().__init__(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(channels, condition_dim))
        self.shift = nn.Parameter(torch.zeros(channels, condition_dim))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:  # type: ignore[override]
        """Maps and conditions to maps."""
        scale, shift = (linear(c, w)[..., None, None] for w in (self.scale, self.shift))
        return torch.addcmul(shift, scale, super().forward(x))


class GaussianNoise(nn.Module):
    """Add N(0, std^2) to every input while training; nothing in evaluation mode.

    Before D, on examples and samples alike, it lets both distributions overlap, so that D cannot part them by
    detail alone: Sonderby et al. (2017); Arjovsky & Bottou (2017), section 3.

    Args:
        std: standard deviation, in units of the input, at least 0; 0: no noise.
    """

    @check_arguments
    def __init__(self, std: NonNegative) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """Shape unchanged."""
        if not (self.training and self.std):
            return x

        def draw(n: int) -> Tensor:
            return torch.randn(n, *x.shape[1:], dtype=x.dtype, device=x.device)

        return x + self.std * collectives.rank_slice(len(x), draw)


class Dropout(nn.Dropout):
    """Torch's, with other masks on each device: those that one device would draw for the examples of all."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape unchanged."""
        if collectives.world_size() == 1 or not self.training or not self.p:  # 0: nothing is drawn
            return super().forward(x)
        return x * collectives.rank_slice(
            len(x), lambda n: dropout(x.new_ones(n, *x.shape[1:]), self.p, training=True)
        )


def uniform_(module: nn.Module, irange: float) -> None:
    """Weights from U(-irange, irange), biases 0, in every linear and convolutional layer below `module`."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.uniform_(layer.weight, -irange, irange)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def relu_then_sigmoid(z_dim: int, widths: Sequence[int], batch_norm: bool = False) -> nn.Sequential:
    """ReLU layers up to the last of the widths, whose units are sigmoid: [m, z_dim] to [m, widths[-1]].

    With `batch_norm` there is a BatchNorm before each ReLU and before the sigmoid.
    """
    if not widths:
        raise UserError("A generator without hidden layers: give widths, such as [8000, 8000].")
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([z_dim, *widths]):
        norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
        layers += [nn.Linear(n_in, n_out, bias=not batch_norm), *norm, nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())
