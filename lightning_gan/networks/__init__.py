"""G: z to x, and D: x to a score; a pair for each architecture."""

from lightning_gan.networks.base import Discriminator, Generator
from lightning_gan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from lightning_gan.networks.layers import GaussianNoise, Maxout
from lightning_gan.networks.mlp import MaxoutDiscriminator, MLPGenerator, UpsampledMLPGenerator
from lightning_gan.networks.plain import PlainDiscriminator, PlainGenerator

__all__ = [
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "GaussianNoise",
    "Generator",
    "MLPGenerator",
    "Maxout",
    "MaxoutDiscriminator",
    "PlainDiscriminator",
    "PlainGenerator",
    "UpsampledMLPGenerator",
]
