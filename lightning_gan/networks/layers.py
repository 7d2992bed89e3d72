"""Layers that torch lacks."""

import torch
from torch import Tensor, nn


class Maxout(nn.Linear):
    """Maximum over groups of linear filters: Goodfellow et al. (2013), "Maxout Networks", equation 2.

    Args:
        features: inputs.
        units: outputs.
        pieces: filters per output. Filters of a group lie `units` rows apart, so that the maximum runs
            over contiguous memory; 2014's code put them side by side, which is the same network with its rows in
            another order.
    """

    def __init__(self, features: int, units: int, pieces: int) -> None:
        if min(features, units, pieces) < 1:
            raise ValueError(
                f"Maxout of {features} features, {units} units, {pieces} pieces: each must be >= 1."
            )
        super().__init__(features, units * pieces)
        self.units, self.pieces = units, pieces

    def forward(self, x: Tensor) -> Tensor:
        """[m, features] to [m, units]."""
        return super().forward(x).view(-1, self.pieces, self.units).amax(1)


class GaussianNoise(nn.Module):
    """Add N(0, std^2) to every input while training; nothing in evaluation mode.

    Before D, on examples and samples alike, it lets both distributions overlap, so that D cannot part them by
    detail alone: Sonderby et al. (2017); Arjovsky & Bottou (2017), section 3.
    """

    def __init__(self, std: float) -> None:
        super().__init__()
        if std < 0:
            raise ValueError(f"GaussianNoise of std {std}: give 0 or more.")
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """Shape unchanged."""
        return x + self.std * torch.randn_like(x) if self.training and self.std else x


def uniform_(module: nn.Module, irange: float) -> None:
    """Weights from U(-irange, irange), biases 0, in every linear layer below `module`."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.uniform_(layer.weight, -irange, irange)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
