"""Mode coverage for data with known modes (Srivastava et al. 2017; Lin et al. 2018)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Positive, check_arguments
from lightning_gan.utils.errors import UserError

NEAR = 3.0  # standard deviations: Lin et al. (2018), section 4


class Modes(NamedTuple):
    """Mode coverage of samples."""

    covered: int
    """Modes with at least one high-quality sample."""
    high_quality: float
    """Share of samples near a mode, in [0, 1]."""
    reverse_kl: float
    """KL of the modes of the high-quality samples from the uniform distribution, in nats; infinite without samples."""


@check_arguments
def mode_coverage(samples: Tensor, means: Tensor, std: Tensor, near: Positive = NEAR) -> Modes:
    """Count covered modes as in VEEGAN and PacGAN.

    A sample is of high quality if it is less than `near` standard deviations from the nearest mode.

    Args:
        samples: Samples, [n, d].
        means: Means of the modes, [modes, d].
        std: Standard deviation of each mode, [modes].
        near: Bound on the distance, in standard deviations, above 0.

    Raises:
        UserError: There are no samples, or the shapes do not match.

    Example:
        >>> two = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        >>> mode_coverage(torch.tensor([[0.01, 0.0], [0.5, 0.0]]), two, torch.tensor([0.01, 0.01]))
        Modes(covered=1, high_quality=0.5, reverse_kl=0.6931471805599453)
    """
    if not len(samples) or samples.shape[1:] != means.shape[1:] or len(std) != len(means):
        raise UserError(
            f"The samples have shape {list(samples.shape)}, means {list(means.shape)}, std {list(std.shape)}: give "
            f"[n, d] with n > 0, [modes, d] and [modes]."
        )
    distance, nearest = (torch.cdist(samples, means) / std).min(1)
    good = nearest[distance < near]
    counts = torch.bincount(good, minlength=len(means))
    return Modes(int((counts > 0).sum()), len(good) / len(samples), compute_kl_from_uniform(counts))


def compute_kl_from_uniform(counts: Tensor) -> float:
    """Compute the KL of the frequencies of modes from the uniform distribution, in nats.

    Args:
        counts: Number of samples of each mode, [modes].

    Returns:
        log(modes) minus the entropy of counts / sum; infinite if all counts are 0.
    """
    if not counts.sum():
        return math.inf
    share = counts.double() / counts.sum()
    return math.log(len(counts)) + torch.special.xlogy(share, share).sum().item()
