"""Generative adversarial networks, beginning with Goodfellow et al. (2014). Start at `lightning_gan.gan`."""

from lightning_gan.gan import GAN

__version__ = "0.1.0"
__all__ = ["GAN"]
