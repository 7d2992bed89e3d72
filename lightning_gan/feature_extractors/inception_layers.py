"""Convolutions of the Inception-v3 that defines FID, arranged for speed.

They equal convolution, BatchNorm and ReLU up to rounding. BatchNorm is folded into the weights. The 1x1 convolutions
of a block's input are one convolution. The mean of a pool branch is taken after its 1x1 convolution, with which it
commutes, so that it has fewer channels. ReLU comes after a maximum, not before.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH_NORM_EPS = 1e-3
NORM = ("weight", "bias", "running_mean", "running_var")


class Conv(nn.Module):
    """Parallel convolutions of one input, with BatchNorm folded in; frozen.

    Args:
        in_channels: Number of input channels.
        sources: Number of output channels of each published layer, by name.
        kernel: Height and width of all kernels.
        stride: Stride of all convolutions.
        pad: Whether a convolution of stride 1 keeps height and width.
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
        """Return the shapes of the published tensors, by name."""
        shapes: dict[str, tuple[int, ...]] = {}
        for name, channels in self.sources.items():
            shapes[f"{name}.conv.weight"] = (channels, *self.weight.shape[1:])
            shapes |= {f"{name}.bn.{part}": (channels,) for part in NORM}
        return shapes

    def fold(self, tensors: Mapping[str, Tensor]) -> None:
        """Fold the published tensors into weight and bias, in double precision."""
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
        """Compute the convolutions without ReLU."""
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the ReLU of the convolutions, [m, channels, H', W']."""
        return self.linear(x).relu_()


class EntryConv(nn.Module):
    """1x1 convolutions of a block's input, including that of its mean pool.

    Args:
        name: Name of the block.
        in_channels: Number of input channels.
        branches: Number of channels of each branch, by name.
        pool: Number of channels of the pool branch; 0 if the block has no mean pool.
    """

    def __init__(self, name: str, in_channels: int, branches: dict[str, int], pool: int) -> None:
        super().__init__()
        self.widths, self.pool = list(branches.values()), pool
        sources = {f"{name}.{branch}": channels for branch, channels in branches.items()}
        if pool:
            sources[f"{name}.branch_pool"] = pool
        self.conv = Conv(in_channels, sources)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Compute the branches in order, the pool branch last; each [m, channels, H, W]."""
        y = self.conv.linear(x)
        n = sum(self.widths)
        branches = list(y[:, :n].relu_().split(self.widths, 1))
        if self.pool:
            # TensorFlow averages only the pixels inside the image
            mean = F.avg_pool2d(y[:, n:], 3, stride=1, padding=1, count_include_pad=False)
            branches.append(mean.relu_())
        return branches
