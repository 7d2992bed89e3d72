"""Translation of stored images of any size by one translator, and the memory that it takes."""

from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from lightning_gan.networks.translator import Translator
from lightning_gan.utils import images


@torch.no_grad()
def translate_bytes(
    translator: Translator, value_range: tuple[float, float], stored: Tensor
) -> Tensor:
    """Translate images of any size, uint8 [n, C, H, W], to uint8 [n, C', H, W] on the CPU."""
    weight = next(translator.parameters())
    low, high = value_range
    height, width = stored.shape[2:]
    x = stored.float().mul_((high - low) / 255).add_(low).to(weight)
    translated = translator(pad_to_multiple(x, translator.multiple))[:, :, :height, :width]
    return images.to_uint8(translated.cpu(), value_range)


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Pad images, [n, C, H, W], at the right and the bottom to multiples of a number.

    The padding is a reflection, or a repetition of the last pixels where the side is too short for a reflection.
    """
    for axis, sides in ((3, (0, 1, 0, 0)), (2, (0, 0, 0, 1))):
        more = -x.shape[axis] % multiple
        if more:
            mode = "reflect" if more < x.shape[axis] else "replicate"
            x = pad(x, [more * side for side in sides], mode=mode)
    return x


@torch.no_grad()
def measure_layers(translator: Translator) -> float:
    """Measure the largest number of values that one layer reads and writes, per pixel of an image."""
    counts = [0]

    def count(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        counts.append(sum(x.numel() for x in (*inputs, output) if isinstance(x, Tensor)))

    hooks = [layer.register_forward_hook(count) for layer in translator.modules()]
    try:
        weight = next(translator.parameters())
        translator(weight.new_zeros(1, *translator.input_shape))
    finally:
        for hook in hooks:
            hook.remove()
    return max(counts) / prod(translator.input_shape[1:])
