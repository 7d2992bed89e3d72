"""Nearest neighbours in pixel space."""

import torch
from torch import Tensor

from lightning_gan.arguments import Count, check_arguments
from lightning_gan.utils.errors import UserError


@check_arguments
def find_nearest(x: Tensor, sample_set: Tensor, block: Count = 10_000) -> Tensor:
    """For each x, the place in the sample set of the example with the smallest Euclidean distance.

    Such images show copying, but do not rule it out: a copy shifted by a pixel is far away (Theis et al. 2016).

    Args:
        x: [n, ...].
        sample_set: [N, ...] of the same trailing shape.
        block: sample set examples per pass, at least 1; a pass holds n * block distances and three
            float32 copies of its
            examples, and copies of x as large as x itself.

    Returns:
        Indices [n], int64.

    Raises:
        ValueError: if the shapes differ or the sample set is empty.
    """
    if not len(sample_set) or x.shape[1:] != sample_set.shape[1:]:
        raise UserError(
            f"Neighbours of {list(x.shape)} were asked in {list(sample_set.shape)}: want a sample set that is "
            f"not empty, of the "
            f"same example shape."
        )
    x = x.flatten(1)
    passes = [torch.cdist(x, part.flatten(1).to(x)).min(1) for part in sample_set.split(block)]
    best = torch.stack([p.values for p in passes]).argmin(0)
    within = torch.stack([p.indices for p in passes]).gather(0, best[None])[0]
    return best * block + within
