"""LightningModules: the GAN of Algorithm 1 and its variants."""

from lightning_gan.models.acgan import ACGAN
from lightning_gan.models.adaptive_ratio import AdaptiveRatioGAN
from lightning_gan.models.conditional import ConditionalGAN, ConditionalModel
from lightning_gan.models.cyclegan import CycleGAN
from lightning_gan.models.gan import GAN
from lightning_gan.models.inpainting import InpaintingGAN
from lightning_gan.models.semi_supervised import FeatureMatchingGAN, SemiSupervisedGAN
from lightning_gan.models.simultaneous import SimultaneousGAN
from lightning_gan.models.unrolled import UnrolledGAN

__all__ = [
    "ACGAN",
    "GAN",
    "AdaptiveRatioGAN",
    "ConditionalGAN",
    "ConditionalModel",
    "CycleGAN",
    "FeatureMatchingGAN",
    "InpaintingGAN",
    "SemiSupervisedGAN",
    "SimultaneousGAN",
    "UnrolledGAN",
]
