"""Blocks of the Inception-v3 that defines FID: parallel branches whose channels are concatenated.

Sizes in docstrings are for images of 299x299.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_gan.feature_extractors.inception_layers import Conv, EntryConv


class BlockA(nn.Module):
    """Blocks Mixed_5b to 5d, 35x35."""

    def __init__(self, name: str, in_channels: int, pool: int) -> None:
        super().__init__()
        first = {"branch1x1": 64, "branch5x5_1": 48, "branch3x3dbl_1": 64}
        self.entry = EntryConv(name, in_channels, first, pool)
        self.five = Conv(48, {f"{name}.branch5x5_2": 64}, (5, 5))
        self.deep = nn.Sequential(
            Conv(64, {f"{name}.branch3x3dbl_2": 96}, (3, 3)),
            Conv(96, {f"{name}.branch3x3dbl_3": 96}, (3, 3)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, in_channels, 35, 35] to [m, 224 + pool, 35, 35]."""
        one, five, deep, pool = self.entry(x)
        return torch.cat([one, self.five(five), self.deep(deep), pool], 1)


class BlockB(nn.Module):
    """Block Mixed_6a, 35x35 to 17x17."""

    def __init__(self, name: str, in_channels: int) -> None:
        super().__init__()
        self.three = Conv(in_channels, {f"{name}.branch3x3": 384}, (3, 3), stride=2, pad=False)
        self.deep = nn.Sequential(
            Conv(in_channels, {f"{name}.branch3x3dbl_1": 64}),
            Conv(64, {f"{name}.branch3x3dbl_2": 96}, (3, 3)),
            Conv(96, {f"{name}.branch3x3dbl_3": 96}, (3, 3), stride=2, pad=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, in_channels, 35, 35] to [m, 480 + in_channels, 17, 17]."""
        return torch.cat([self.three(x), self.deep(x), F.max_pool2d(x, 3, 2)], 1)


class BlockC(nn.Module):
    """Blocks Mixed_6b to 6e, 17x17; `width` is the number of channels of the 1x7 and 7x1 convolutions."""

    def __init__(self, name: str, in_channels: int, width: int) -> None:
        super().__init__()
        first = {"branch1x1": 192, "branch7x7_1": width, "branch7x7dbl_1": width}
        self.entry = EntryConv(name, in_channels, first, 192)
        self.seven = nn.Sequential(
            Conv(width, {f"{name}.branch7x7_2": width}, (1, 7)),
            Conv(width, {f"{name}.branch7x7_3": 192}, (7, 1)),
        )
        self.deep = nn.Sequential(
            Conv(width, {f"{name}.branch7x7dbl_2": width}, (7, 1)),
            Conv(width, {f"{name}.branch7x7dbl_3": width}, (1, 7)),
            Conv(width, {f"{name}.branch7x7dbl_4": width}, (7, 1)),
            Conv(width, {f"{name}.branch7x7dbl_5": 192}, (1, 7)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, in_channels, 17, 17] to [m, 768, 17, 17]."""
        one, seven, deep, pool = self.entry(x)
        return torch.cat([one, self.seven(seven), self.deep(deep), pool], 1)


class BlockD(nn.Module):
    """Block Mixed_7a, 17x17 to 8x8."""

    def __init__(self, name: str, in_channels: int) -> None:
        super().__init__()
        self.entry = EntryConv(name, in_channels, {"branch3x3_1": 192, "branch7x7x3_1": 192}, 0)
        self.three = Conv(192, {f"{name}.branch3x3_2": 320}, (3, 3), stride=2, pad=False)
        self.seven = nn.Sequential(
            Conv(192, {f"{name}.branch7x7x3_2": 192}, (1, 7)),
            Conv(192, {f"{name}.branch7x7x3_3": 192}, (7, 1)),
            Conv(192, {f"{name}.branch7x7x3_4": 192}, (3, 3), stride=2, pad=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, in_channels, 17, 17] to [m, 512 + in_channels, 8, 8]."""
        three, seven = self.entry(x)
        return torch.cat([self.three(three), self.seven(seven), F.max_pool2d(x, 3, 2)], 1)


class BlockE(nn.Module):
    """Blocks Mixed_7b and 7c, 8x8; `largest` selects max pooling, as in the last block, over mean pooling."""

    def __init__(self, name: str, in_channels: int, largest: bool) -> None:
        super().__init__()
        first = {"branch1x1": 320, "branch3x3_1": 384, "branch3x3dbl_1": 448}
        self.entry = EntryConv(name, in_channels, first, 0 if largest else 192)
        self.pool = Conv(in_channels, {f"{name}.branch_pool": 192}) if largest else None
        self.wide = Conv(384, {f"{name}.branch3x3_2a": 384}, (1, 3))
        self.high = Conv(384, {f"{name}.branch3x3_2b": 384}, (3, 1))
        self.deep = Conv(448, {f"{name}.branch3x3dbl_2": 384}, (3, 3))
        self.deep_wide = Conv(384, {f"{name}.branch3x3dbl_3a": 384}, (1, 3))
        self.deep_high = Conv(384, {f"{name}.branch3x3dbl_3b": 384}, (3, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, in_channels, 8, 8] to [m, 2048, 8, 8]."""
        one, three, deep, *pool = self.entry(x)
        if self.pool is not None:
            pool = [self.pool(F.max_pool2d(x, 3, stride=1, padding=1))]
        deep = self.deep(deep)
        both = [self.deep_wide(deep), self.deep_high(deep)]
        return torch.cat([one, self.wide(three), self.high(three), *both, *pool], 1)


class Trunk(nn.Module):
    """Layers between the resized image and the mean over positions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem_a = nn.Sequential(
            Conv(3, {"Conv2d_1a_3x3": 32}, (3, 3), stride=2, pad=False),
            Conv(32, {"Conv2d_2a_3x3": 32}, (3, 3), pad=False),
        )
        self.widen_a = Conv(32, {"Conv2d_2b_3x3": 64}, (3, 3))
        self.stem_b = Conv(64, {"Conv2d_3b_1x1": 80})
        self.widen_b = Conv(80, {"Conv2d_4a_3x3": 192}, (3, 3), pad=False)
        self.blocks = nn.Sequential(
            BlockA("Mixed_5b", 192, 32),
            BlockA("Mixed_5c", 256, 64),
            BlockA("Mixed_5d", 288, 64),
            BlockB("Mixed_6a", 288),
            BlockC("Mixed_6b", 768, 128),
            BlockC("Mixed_6c", 768, 160),
            BlockC("Mixed_6d", 768, 160),
            BlockC("Mixed_6e", 768, 192),
            BlockD("Mixed_7a", 768),
            BlockE("Mixed_7b", 1280, largest=False),
            BlockE("Mixed_7c", 2048, largest=True),
        )

    def convolutions(self) -> list[Conv]:
        """Return all convolutions, in order."""
        return [module for module in self.modules() if isinstance(module, Conv)]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the 470 published tensors, by torch-fidelity's names."""
        return {n: s for conv in self.convolutions() for n, s in conv.shapes().items()}

    def forward(self, x: Tensor) -> Tensor:
        """Map images in [-1, 1], [m, 3, 299, 299], to [m, 2048, 8, 8]."""
        x = F.max_pool2d(self.widen_a.linear(self.stem_a(x)), 3, 2).relu_()
        x = F.max_pool2d(self.widen_b.linear(self.stem_b(x)), 3, 2).relu_()
        vectors: Tensor = self.blocks(x)
        return vectors
