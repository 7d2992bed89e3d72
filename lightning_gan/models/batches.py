"""Conversion of minibatches from any DataLoader to the form that the training loop uses."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError

IMAGES = ("image", "images", "img", "pixel_values", "x", "data", "input")
LABELS = ("label", "labels", "y", "target", "targets", "class")


def as_tensors(
    batch: Any, value_range: tuple[float, float], dtype: torch.dtype = torch.float32
) -> list[Tensor]:
    """Convert a minibatch to [x] or [x, labels].

    Args:
        batch: Minibatch: x; [x, labels, ...] or (x, labels, ...); or a dictionary with an entry such as image and
            optionally one such as label. x: [m, *data_shape], bytes 0 to 255 or floating-point numbers in
            `value_range`.
        value_range: Smallest and largest value of x, to which bytes are mapped.
        dtype: Floating-point type of the returned x.

    Returns:
        x as `dtype`, then the other tensors of the minibatch unchanged.

    Raises:
        UserError: The minibatch has another form.
    """
    parts = _parts(batch)
    if not parts or not all(isinstance(part, Tensor) for part in parts[:1]):
        raise UserError(
            f"The DataLoader gave a minibatch of type {_describe_type(batch)}: give x, [x, labels] or "
            f"{{'image': x, 'label': labels}} as tensors."
        )
    x, *rest = parts
    return [_floats(x, value_range).to(dtype), *(part for part in rest if isinstance(part, Tensor))]


def _parts(batch: Any) -> list[Any]:
    if isinstance(batch, Mapping):
        names = [next((n for n in known if n in batch), None) for known in (IMAGES, LABELS)]
        return [batch[n] for n in names if n is not None] if names[0] is not None else []
    if isinstance(batch, list | tuple):
        return list(batch)
    return [batch]


def _floats(x: Tensor, value_range: tuple[float, float]) -> Tensor:
    if x.dtype == torch.uint8:
        low, high = value_range
        if not (isfinite(low) and isfinite(high)):
            raise UserError(
                f"The minibatch holds bytes, but G generates values from {low} to {high}: give floating-point numbers."
            )
        return x.float() / 255 * (high - low) + low
    if not x.is_floating_point():
        raise UserError(
            f"The minibatch has type {x.dtype}: give bytes (torch.uint8) 0 to 255, or floating-point numbers."
        )
    return x


def _describe_type(batch: Any) -> str:
    if isinstance(batch, Mapping):
        return f"{type(batch).__name__} with the entries {', '.join(map(str, batch))}"
    if isinstance(batch, list | tuple) and batch:
        return f"{type(batch).__name__} of {type(batch[0]).__name__}"
    return type(batch).__name__
