"""GANs whose players move, see or predict in another way than Algorithm 1's."""

from lightning_gan.variants.auxiliary_classifier import ACGAN
from lightning_gan.variants.conditional import ConditionalGAN, GANGiven
from lightning_gan.variants.coordinated import CoordinatedGAN
from lightning_gan.variants.masked import MaskedGAN
from lightning_gan.variants.semi_supervised import FeatureMatchingGAN, SemiSupervisedGAN
from lightning_gan.variants.simultaneous import SimultaneousGAN
from lightning_gan.variants.unrolled import UnrolledGAN

__all__ = [
    "ACGAN",
    "ConditionalGAN",
    "CoordinatedGAN",
    "FeatureMatchingGAN",
    "GANGiven",
    "MaskedGAN",
    "SemiSupervisedGAN",
    "SimultaneousGAN",
    "UnrolledGAN",
]
