"""Measures of image translation where the corresponding images are known, and translations that need no training."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from lightning_gan.arguments import NonNegative, Seed, check_arguments
from lightning_gan.feature_extractors.factor_classifier import FactorClassifier
from lightning_gan.utils import images

Translate = Callable[[Tensor], Tensor]
"""Images of one domain, [n, C, H, W], to images of the other, [n, C', H, W]."""


class CycleErrors(NamedTuple):
    """Mean absolute differences |F(G(a)) - a|, in the unit of the pixels.

    Attributes:
        clean: From the translated images as they are.
        noisy: After Gaussian noise is added to the translated images.
        rounded: After the translated images are rounded to 8 bits.
    """

    clean: float
    noisy: float
    rounded: float


@check_arguments
def measure_cycle_errors(
    forward: Translate,
    backward: Translate,
    a: Tensor,
    value_range: tuple[float, float] = (-1.0, 1.0),
    noise: NonNegative = 0.1,
    seed: Seed = 0,
) -> CycleErrors:
    """Measure how well images are restored, also where a hidden signal in G(a) is destroyed.

    A G that hides a in imperceptible noise of G(a) has a small clean error and much larger other errors: Chu et al.
    (2017), "CycleGAN, a Master of Steganography".

    Args:
        forward: G, from A to B.
        backward: F, from B to A.
        a: images of A, [n, C, H, W].
        value_range: lowest and highest value of a pixel.
        noise: standard deviation of the noise, in the unit of the pixels, at least 0.
        seed: seed of the noise, 0 to 2^32 - 1.

    Returns:
        The three errors.
    """
    translated = forward(a)
    rng = torch.Generator().manual_seed(seed)
    disturbed = translated + noise * torch.randn(translated.shape, generator=rng).to(translated)
    low, high = value_range
    rounded = images.to_uint8(translated, value_range).to(a) * ((high - low) / 255) + low
    errors = [(backward(b) - a).abs().mean().item() for b in (translated, disturbed, rounded)]
    return CycleErrors(*errors)


def measure_l1(translated: Tensor, partner: Tensor) -> float:
    """Compute the mean absolute difference of translated images and their true partners, both [n, C, H, W]."""
    return (translated - partner).abs().mean().item()


def measure_factor_agreement(
    classifier: FactorClassifier, translated: Tensor, partner: Tensor
) -> Tensor:
    """Compute the share of images whose factors are classified as those of their partners.

    Args:
        classifier: trained classifier of the factors.
        translated: translated images, uint8 [n, 3, 32, 32].
        partner: their true partners, uint8 [n, 3, 32, 32].

    Returns:
        The share for each factor, and last, for all factors together, [n_factors + 1], each in [0, 1].
    """
    same = classifier.read(translated).values == classifier.read(partner).values
    return torch.cat([same, same.all(1, keepdim=True)], dim=1).float().mean(0)


def make_translation_baselines(a: Tensor, b: Tensor) -> Mapping[str, tuple[Translate, Translate]]:
    """Make translations that learn nothing, or only the mean images.

    Args:
        a: training images of A, [n, C, H, W].
        b: training images of B, [m, C, H, W].

    Returns:
        For each name, the translation from A to B and from B to A: identity; mean shift, which adds the difference of
        the mean images; dilation, the maximum over 3 x 3 pixels, and back the minimum.
    """
    shift = b.mean(0) - a.mean(0)
    return {
        "identity": (_copy, _copy),
        "mean shift": (lambda x: x + shift, lambda x: x - shift),
        "dilation": (_dilate, lambda x: -_dilate(-x)),
    }


def _copy(x: Tensor) -> Tensor:
    return x


def _dilate(x: Tensor) -> Tensor:
    return max_pool2d(x, 3, stride=1, padding=1)
