"""Nearest neighbours in pixel space."""

import torch
from torch import Tensor

from lightning_gan.arguments import Count, check_arguments
from lightning_gan.utils.errors import UserError


@check_arguments
def find_nearest(x: Tensor, sample_set: Tensor, block: Count = 10_000) -> Tensor:
    """Find the index of the nearest image of a sample set for each x, by Euclidean distance.

    Nearest neighbours can show copying but not rule it out: a copy shifted by a pixel is far away (Theis et al. 2016).

    Args:
        x: Images, [n, ...].
        sample_set: Images to search, [N, ...], of the same shape.
        block: Number of images of the sample set per pass, at least 1. A pass needs memory for n * block distances,
            three float32 copies of its images, and copies of x.

    Returns:
        Indices, int64, [n].

    Raises:
        UserError: The shapes differ, or the sample set is empty.
    """
    if not len(sample_set) or x.shape[1:] != sample_set.shape[1:]:
        raise UserError(
            f"The images have shape {list(x.shape)}, the sample set {list(sample_set.shape)}: give images of the "
            f"same shape, and a sample set that is not empty."
        )
    x = x.flatten(1)
    passes = [torch.cdist(x, part.flatten(1).to(x)).min(1) for part in sample_set.split(block)]
    best = torch.stack([p.values for p in passes]).argmin(0)
    within = torch.stack([p.indices for p in passes]).gather(0, best[None])[0]
    return best * block + within
