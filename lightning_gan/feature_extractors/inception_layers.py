"""Convolutions of the Inception-v3 that defines FID, laid out for speed. See `inception` for the network.

Equal to convolution, BatchNorm and ReLU one by one, but for rounding: BatchNorm is part of the weights; a block's
1x1 convolutions of its input are one; the mean of a pool branch is taken behind its 1x1 convolution, with which it
commutes, so that it sees fewer channels; and ReLU comes after a maximum, not before.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH_NORM_EPS = 1e-3
NORM = ("weight", "bias", "running_mean", "running_var")


class Conv(nn.Module):
    """Convolutions of one input side by side, with BatchNorm folded in; frozen.

    Args:
        in_channels: of the input.
        sources: the published layers that are side by side: name, number of channels.
        kernel: height and width, the same of all.
        stride: the same of all.
        pad: whether a convolution of stride 1 keeps height and width.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        in_channels: int,
        sources: Mapping[str, int],
        kernel: tuple[int, int] = (1, 1),
        stride: int = 1,
        pad: bool = True,
    ) -> None:
        super().__init__()
        self.sources, self.stride = dict(sources), stride
        self.padding = (kernel[0] // 2, kernel[1] // 2) if pad else (0, 0)
        channels = sum(sources.values())
        self.register_buffer("weight", torch.empty(channels, in_channels, *kernel))
        self.register_buffer("bias", torch.empty(channels))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Published tensors that it is made of, by name."""
        shapes: dict[str, tuple[int, ...]] = {}
        for name, channels in self.sources.items():
            shapes[f"{name}.conv.weight"] = (channels, *self.weight.shape[1:])
            shapes |= {f"{name}.bn.{part}": (channels,) for part in NORM}
        return shapes

    def fold(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the published tensors over, in double precision until they are folded."""
        weights, biases = [], []
        for name in self.sources:
            scale, shift, mean, var = (tensors[f"{name}.bn.{part}"].double() for part in NORM)
            factor = scale / (var + BATCH_NORM_EPS).sqrt()
            weights.append(tensors[f"{name}.conv.weight"].double() * factor.view(-1, 1, 1, 1))
            biases.append(shift - mean * factor)
        weight = torch.cat(weights).float()
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias = torch.cat(biases).float()

    def linear(self, x: Tensor) -> Tensor:
        """The convolutions before ReLU."""
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def forward(self, x: Tensor) -> Tensor:
        """ReLU of the convolutions, [m, channels, H', W']."""
        return self.linear(x).relu_()


class EntryConv(nn.Module):
    """The 1x1 convolutions of a block's input, among them that of its mean pool.

    Args:
        name: of the block.
        in_channels: of the block.
        branches: names and channels.
        pool: channels of the pool branch; 0: the block pools in another way.
    """

    def __init__(self, name: str, in_channels: int, branches: dict[str, int], pool: int) -> None:
        super().__init__()
        self.widths, self.pool = list(branches.values()), pool
        sources = {f"{name}.{branch}": channels for branch, channels in branches.items()}
        if pool:
            sources[f"{name}.branch_pool"] = pool
        self.conv = Conv(in_channels, sources)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Branches in order, the pool branch last; each [m, channels, H, W]."""
        y = self.conv.linear(x)
        n = sum(self.widths)
        branches = list(y[:, :n].relu_().split(self.widths, 1))
        if self.pool:
            # TensorFlow's mean at the border is that of the pixels inside.
            mean = F.avg_pool2d(y[:, n:], 3, stride=1, padding=1, count_include_pad=False)
            branches.append(mean.relu_())
        return branches
