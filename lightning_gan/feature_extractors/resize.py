"""Bilinear resizing as TensorFlow 1 did it, which the scores of the field were defined with.

Output pixel i lies at i * n / size of the input: corners are not aligned and pixels have no half.
"""

import torch
from torch import Tensor


def resize_tensorflow1(images: Tensor, size: int) -> Tensor:
    """Resize to size x size, columns before rows, so that every rounding is TensorFlow's too.

    Args:
        images: float32, [m, C, H, W].
        size: of both sides of what comes out.

    Returns:
        Float32, [m, C, size, size], contiguous where the images are.
    """
    return _stretch(_stretch(images, 3, size), 2, size)


def _stretch(images: Tensor, axis: int, size: int) -> Tensor:
    """One axis to the size: each output between its two neighbours, the last of which repeats."""
    n = images.shape[axis]
    if n == size:
        return images
    where = torch.arange(size, dtype=torch.float32, device=images.device)
    where *= torch.tensor(n / size, dtype=torch.float32)
    low = where.long()
    share = (where - low).view([size if i == axis else 1 for i in range(4)])
    left = images.index_select(axis, low)
    right = images.index_select(axis, (low + 1).clamp_max(n - 1))
    return right.sub_(left).mul_(share).add_(left)
