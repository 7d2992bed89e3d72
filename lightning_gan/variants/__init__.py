"""GANs whose players move, see or predict in another way than Algorithm 1's."""

from lightning_gan.variants.simultaneous import SimultaneousGAN

__all__ = ["SimultaneousGAN"]
