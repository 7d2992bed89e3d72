"""Modes covered and share of good samples, where the modes are known: Srivastava et al. (2017); Lin et al. (2018)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

NEAR = 3.0  # standard deviations: Lin et al. (2018), section 4


class Modes(NamedTuple):
    """What samples cover."""

    covered: int
    """Modes with at least one high-quality sample."""
    high_quality: float
    """Share of samples less than `NEAR` standard deviations from the nearest mode."""
    reverse_kl: float
    """KL of the modes of the high-quality samples from the uniform distribution, in nats; infinite without samples."""


def mode_coverage(samples: Tensor, means: Tensor, std: Tensor) -> Modes:
    """Count modes as the papers of VEEGAN and PacGAN do.

    Args:
        samples: [n, d].
        means: of the true modes, [modes, d].
        std: of each true mode, [modes].

    Raises:
        ValueError: if there are no samples, or shapes disagree.

    Example:
        >>> two = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        >>> mode_coverage(torch.tensor([[0.01, 0.0], [0.5, 0.0]]), two, torch.tensor([0.01, 0.01]))
        Modes(covered=1, high_quality=0.5, reverse_kl=0.6931471805599453)
    """
    if not len(samples) or samples.shape[1:] != means.shape[1:] or len(std) != len(means):
        raise ValueError(
            f"Samples {list(samples.shape)}, means {list(means.shape)}, std {list(std.shape)}: want [n, d] with n > 0, "
            f"[modes, d] and [modes]."
        )
    distance, nearest = (torch.cdist(samples, means) / std).min(1)
    good = nearest[distance < NEAR]
    counts = torch.bincount(good, minlength=len(means)).float()
    share = counts / counts.sum()
    entropy = -torch.special.xlogy(share, share).sum().item()
    kl = math.log(len(means)) - entropy if len(good) else math.inf
    return Modes(int((counts > 0).sum()), len(good) / len(samples), kl)
