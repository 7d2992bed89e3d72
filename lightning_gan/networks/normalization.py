"""Normalisation layers by name."""

from typing import Literal

from torch import nn

from lightning_gan.utils.errors import UserError

Norm = Literal["batch", "layer", "instance", "none"]


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """Make a normalisation layer for feature maps, [m, channels, H, W].

    Layer normalisation is `GroupNorm(1, C)`: its statistics are those of `LayerNorm([C, H, W])`, and it has a scale and
    a shift for each channel, not for each pixel.

    Args:
        norm: Name of the normalisation: batch, layer, instance or none.
        channels: Number of feature maps, at least 1.

    Returns:
        The layer; an identity for none, so that the indices of later layers do not depend on the normalisation.

    Raises:
        UserError: The name is unknown.
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
