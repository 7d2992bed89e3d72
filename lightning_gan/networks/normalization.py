"""Normalisation layers by name, for networks that take them as an argument."""

from typing import Literal

from torch import nn

from lightning_gan.utils.errors import UserError

Norm = Literal["batch", "layer", "instance", "none"]


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """Make a normalisation layer for feature maps, [m, channels, H, W].

    Layer normalisation is `GroupNorm(1, C)`: the statistics are those of `LayerNorm([C, H, W])`, with a scale and a
    shift for each channel, as BatchNorm has them, and not for each pixel.

    Args:
        norm: batch, layer, instance or none.
        channels: number of feature maps, at least 1.

    Returns:
        The layer; an identity for none, so that the layers after it keep their indices.

    Raises:
        UserError: for another norm.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "layer":
        return nn.GroupNorm(1, channels)
    if norm == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    if norm == "none":
        return nn.Identity()
    raise UserError(f"norm {norm!r}: give batch, layer, instance or none.")
