"""Generative adversarial networks, beginning with Goodfellow et al. (2014). Start at `lightning_gan.gan`."""

import sys

from lightning_gan.jobs.srun import hold_signals
from lightning_gan.starting import hold_interrupts

hold_interrupts(sys.orig_argv)
hold_signals(sys.orig_argv)  # before the seconds that torch takes to start

from lightning_gan.gan import GAN  # noqa: E402

__version__ = "0.1.0"
__all__ = ["GAN"]
