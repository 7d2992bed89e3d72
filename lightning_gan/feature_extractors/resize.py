"""Bilinear resizing of TensorFlow 1, which published scores use.

Output pixel i is at position i * n / size of the input: neither aligned corners nor half-pixel centres.
"""

import torch
from torch import Tensor


def resize_tensorflow1(images: Tensor, size: int) -> Tensor:
    """Resize images to size x size, columns before rows, so that the rounding equals TensorFlow's.

    Args:
        images: Images, float32, [m, C, H, W].
        size: Height and width of the output.

    Returns:
        Images, float32, [m, C, size, size]; contiguous if the input is.
    """
    return _stretch(_stretch(images, 3, size), 2, size)


def _stretch(images: Tensor, axis: int, size: int) -> Tensor:
    """Resize one axis by interpolation between two neighbours; the last pixel is repeated."""
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
