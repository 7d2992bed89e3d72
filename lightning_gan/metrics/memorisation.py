"""Tests for memorized training images, which compare samples with held-out images.

If samples are nearer to the training data than held-out images are, the model has copied (Meehan, Chaudhuri and
Dasgupta 2020, "A non-parametric test to detect data-copying in generative models"). In Euclidean distance of pixels a
copy that is shifted by one pixel is far from its original (Theis, van den Oord and Bethge 2016), so there is also a
distance that is invariant to small shifts.
"""

import math
from typing import Annotated, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_gan.arguments import Count, Domain, check_arguments
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.utils.errors import UserError

Reach = Annotated[int, Domain(0, 1000, whole=True)]


class Audit(NamedTuple):
    """Comparison of the distances of samples and of held-out images to the training data."""

    share: float
    """P(a sample is nearer than a held-out image), ties count half: 1/2 without copies, 1 if all are copies."""
    se: float
    """Standard error of the share, over draws of samples and of held-out images."""
    z: float
    """z of Mann and Whitney's U, under the hypothesis of equal distributions; below 0 for copies."""


def audit(samples: Tensor, held_out: Tensor) -> Audit:
    """Compare two sets of distances to the nearest training image.

    The share is U / (m n) of Mann and Whitney (1947), its error that of DeLong et al. (1988), and z is Z_U of Meehan
    et al. (2020), with the variance corrected for ties and no continuity correction.

    Args:
        samples: Distances of m samples, [m].
        held_out: Distances of n images that the model was not trained on, [n].

    Raises:
        UserError: There are fewer than two of either, or one is NaN.

    Example:
        >>> audit(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])).share
        1.0
    """
    m, n = len(samples), len(held_out)
    both = torch.cat([samples.flatten(), held_out.flatten()]).double()
    if min(m, n) < 2 or len(both) != m + n or both.isnan().any():
        raise UserError(
            f"The distances have shapes {list(samples.shape)} and {list(held_out.shape)}: give [m] and [n], two or "
            f"more of each, not NaN."
        )
    difference = held_out.double() - samples.double()[:, None]
    nearer = (difference.sign() + 1) / 2  # 1 if the sample is nearer, 1/2 for a tie
    share = nearer.mean().item()
    se = math.sqrt((nearer.mean(1).var() / m + nearer.mean(0).var() / n).item())
    ties = both.unique(return_counts=True)[1].double()
    total = m + n
    lost = (ties**3 - ties).sum().item() / (total * (total - 1))
    sd = math.sqrt((total + 1 - lost) / (12 * m * n))
    return Audit(share, se, (0.5 - share) / sd if sd else 0.0)


@check_arguments
def nearest_distance(x: Tensor, sample_set: Tensor, block: Count = 10_000) -> Tensor:
    """Compute the Euclidean distance of each x to its nearest image in a sample set, exactly 0 for a copy.

    Args:
        x: Images, [n, ...].
        sample_set: Images to search, [N, ...], of the same shape.
        block: Number of images of the sample set per pass, at least 1. A pass needs memory for n * block distances,
            three float32 copies of its images, and copies of x.

    Returns:
        Distances, [n], in the units of x.

    Raises:
        UserError: The shapes differ, or the sample set is empty.
    """
    found = sample_set[find_nearest(x, sample_set, block)].to(x)
    return (
        (x - found).flatten(1).norm(dim=1)
    )  # `find_nearest` ranks by matrix products, whose rounding hides small distances


@check_arguments
def shift_images(images: Tensor, reach: Reach) -> list[Tensor]:
    """Shift images by -reach to reach pixels along each axis, filled with 0.

    Args:
        images: Images, [n, C, H, W].
        reach: Largest shift along each axis, in pixels, 0 to 1,000.

    Returns:
        (2 reach + 1)^2 tensors, [n, C, H, W].
    """
    height, width = images.shape[-2:]
    padded = F.pad(images, [reach] * 4)
    offsets = range(2 * reach + 1)
    return [padded[..., y : y + height, x : x + width] for y in offsets for x in offsets]


@check_arguments
def shift_blind_distance(
    images: Tensor,
    sample_set: Tensor,
    reach: Reach = 2,
    block: Count = 10_000,
) -> Tensor:
    """Compute the distance of each image to its nearest one in a sample set, over all shifts by up to `reach` pixels.

    A shifted copy that lost no foreground over the edge has distance 0. The cost is (2 reach + 1)^2 searches.

    Args:
        images: Images with background 0, [n, C, H, W].
        sample_set: Images to search, [N, C, H, W].
        reach: Largest shift along each axis, in pixels, 0 to 1,000.
        block: Number of images of the sample set per pass, at least 1.

    Returns:
        Distances, [n], in the units of the images.

    Raises:
        UserError: The shapes differ, or the sample set is empty.
    """
    if images.dim() != 4:
        raise UserError(f"The images have shape {list(images.shape)}: give [n, C, H, W].")
    passes = [nearest_distance(one, sample_set, block) for one in shift_images(images, reach)]
    return torch.stack(passes).amin(0)


@check_arguments
def crowding(x: Tensor, sample_set: Tensor, k: Count = 50, block: Count = 10_000) -> Tensor:
    """Compute the distance to the nearest image of a sample set, divided by the mean distance to the nearest k.

    Carlini et al. (2023), "Extracting training data from diffusion models", section 5, find copies this way: simple
    images are near to many others, but only a copy is much nearer to one than to the next ones.

    Args:
        x: Images, [n, ...].
        sample_set: Images to search, [N, ...], of the same shape, k or more.
        k: Number of neighbours, at least 1.
        block: Number of images of the sample set per pass, at least 1.

    Returns:
        Ratios in [0, 1], [n]; 0 for a copy.

    Raises:
        UserError: The shapes differ, or the sample set has fewer than k images.
    """
    if x.shape[1:] != sample_set.shape[1:] or k > len(sample_set):
        raise UserError(
            f"The {k} nearest neighbours of {list(x.shape)} in {list(sample_set.shape)}: give images of the same "
            f"shape, and a sample set of at least {k}."
        )
    x = x.flatten(1)
    best = x.new_empty(len(x), 0)
    for part in sample_set.split(block):
        found = torch.cat([best, torch.cdist(x, part.flatten(1).to(x))], dim=1)
        best = found.topk(min(k, found.shape[1]), largest=False).values
    return best[:, 0] / best.mean(1).clamp(min=torch.finfo(x.dtype).tiny)
