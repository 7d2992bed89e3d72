"""Does a model repeat its training data? Samples are compared with examples that it never saw.

An image beside its nearest training example proves little: it has no scale. Held-out examples give one. If samples
are nearer to the training data than held-out examples are, the model has copied (Meehan, Chaudhuri and Dasgupta 2020,
"A non-parametric test to detect data-copying in generative models"). In Euclidean distance of pixels a copy that moved
by one pixel is far from its original (Theis, van den Oord and Bethge 2016), so there is a distance that does not see
such moves.
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
    """Distances of samples to the training data against those of held-out examples."""

    share: float
    """P(a sample is nearer than a held-out example), ties count half: 1/2 if nothing was copied, 1 if all was."""
    se: float
    """Standard error of the share, over draws of samples and of held-out examples."""
    z: float
    """Of Mann and Whitney's U, under the hypothesis that both distances have one distribution; below 0: copies."""


def audit(samples: Tensor, held_out: Tensor) -> Audit:
    """Compare two sets of distances to the nearest training example.

    The share is U / (m n) of Mann and Whitney (1947), its error that of DeLong et al. (1988), z that of Meehan et al.
    (2020), Z_U, with the variance corrected for ties and no correction for continuity.

    Args:
        samples: distances of m samples, [m].
        held_out: distances of n examples that the model was not trained on, [n].

    Raises:
        ValueError: if there are fewer than two of either, or one is no number.

    Example:
        >>> audit(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])).share
        1.0
    """
    m, n = len(samples), len(held_out)
    both = torch.cat([samples.flatten(), held_out.flatten()]).double()
    if min(m, n) < 2 or len(both) != m + n or both.isnan().any():
        raise UserError(
            f"Distances {list(samples.shape)} and {list(held_out.shape)}: want [m], [n], two or more of each, not NaN."
        )
    difference = held_out.double() - samples.double()[:, None]
    nearer = (difference.sign() + 1) / 2  # 1 if the sample is nearer, 1/2 if both are as near
    share = nearer.mean().item()
    se = math.sqrt((nearer.mean(1).var() / m + nearer.mean(0).var() / n).item())
    ties = both.unique(return_counts=True)[1].double()
    total = m + n
    lost = (ties**3 - ties).sum().item() / (total * (total - 1))
    sd = math.sqrt((total + 1 - lost) / (12 * m * n))
    return Audit(share, se, (0.5 - share) / sd if sd else 0.0)


@check_arguments
def nearest_distance(x: Tensor, sample_set: Tensor, block: Count = 10_000) -> Tensor:
    """Euclidean distance of each x to the nearest example of a sample set, in float32, exactly 0 for one that is in it.

    Args:
        x: [n, ...].
        sample_set: [N, ...] of the same trailing shape.
        block: sample set examples per pass, at least 1; a pass holds n * block distances and three
            float32 copies of its
            examples, and copies of x as large as x itself.

    Returns:
        Distances, [n], in the units of x.

    Raises:
        ValueError: if the shapes differ or the sample set is empty.
    """
    found = sample_set[find_nearest(x, sample_set, block)].to(x)
    return (
        (x - found).flatten(1).norm(dim=1)
    )  # `nearest` ranks by products, whose rounding hides small distances


@check_arguments
def shift_images(images: Tensor, reach: Reach) -> list[Tensor]:
    """Images moved by 0 to `reach` pixels each way, (2 reach + 1)^2 of [n, C, H, W]; what moves in is 0.

    Args:
        images: [n, C, H, W].
        reach: largest move, in pixels, along each axis, 0 to 1,000.
    """
    height, width = images.shape[-2:]
    padded = F.pad(images, [reach] * 4)
    places = range(2 * reach + 1)
    return [padded[..., y : y + height, x : x + width] for y in places for x in places]


@check_arguments
def shift_blind_distance(
    images: Tensor,
    sample_set: Tensor,
    reach: Reach = 2,
    block: Count = 10_000,
) -> Tensor:
    """Distance of each image to the nearest example of a sample set, over all moves of it by up to `reach` pixels.

    A copy that moved so far, and lost no ink over the edge, has the distance 0. As much work as (2 reach + 1)^2
    searches.

    Args:
        images: [n, C, H, W], background 0.
        sample_set: [N, C, H, W].
        reach: largest move, in pixels, along each axis, 0 to 1,000.
        block: sample set examples per pass, at least 1.

    Returns:
        Distances, [n], in the units of the images.

    Raises:
        ValueError: if the shapes differ, the sample set is empty, or reach is negative.
    """
    if images.dim() != 4:
        raise UserError(f"Images of {list(images.shape)} cannot be moved: give [n, C, H, W].")
    passes = [nearest_distance(moved, sample_set, block) for moved in shift_images(images, reach)]
    return torch.stack(passes).amin(0)


@check_arguments
def crowding(x: Tensor, sample_set: Tensor, k: Count = 50, block: Count = 10_000) -> Tensor:
    """Distance to the nearest example of a sample set over the mean distance to the nearest k: 0 for a copy, up to 1.

    Carlini et al. (2023), "Extracting training data from diffusion models", section 5, so find copies of images:
    simple ones are near to many examples, but only a copy is far nearer to one than to the next ones.

    Args:
        x: [n, ...].
        sample_set: [N, ...] of the same trailing shape, k or more.
        k: neighbours, at least 1.
        block: sample set examples per pass, at least 1.

    Returns:
        Ratios in [0, 1], [n].

    Raises:
        ValueError: if the shapes differ, or the sample set has fewer than k examples.
    """
    if x.shape[1:] != sample_set.shape[1:] or k > len(sample_set):
        raise UserError(
            f"The {k} nearest of {list(x.shape)} were asked in {list(sample_set.shape)}: want examples of the "
            f"same shape, "
            f"and at least {k} of them."
        )
    x = x.flatten(1)
    best = x.new_empty(len(x), 0)
    for part in sample_set.split(block):
        found = torch.cat([best, torch.cdist(x, part.flatten(1).to(x))], dim=1)
        best = found.topk(min(k, found.shape[1]), largest=False).values
    return best[:, 0] / best.mean(1).clamp(min=torch.finfo(x.dtype).tiny)
