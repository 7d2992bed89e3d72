"""Ten patterns that a classifier of greyscale images learns in a second."""

import torch
from torch import Tensor


def bars(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw five vertical and five horizontal bars with small offsets and noise.

    Returns:
        Images, uint8 [n, 1, 28, 28], and labels [n].
    """
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 10
    image_bytes = torch.randint(120, (n, 1, 28, 28), generator=rng)
    at = labels % 5 * 5 + torch.randint(3, (n,), generator=rng)
    for image, label, place in zip(image_bytes, labels.tolist(), at.tolist(), strict=True):
        image.narrow(1 + label // 5, place, 3).add_(120)
    return image_bytes.to(torch.uint8), labels
