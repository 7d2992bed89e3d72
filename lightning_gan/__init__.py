"""Generative adversarial networks, beginning with Goodfellow et al. (2014). Start at `lightning_gan.gan`."""

import sys
from typing import TYPE_CHECKING

from lightning_gan.jobs.srun import hold_signals
from lightning_gan.lazy import attribute_importer
from lightning_gan.starting import hold_interrupts

hold_interrupts(sys.orig_argv)
hold_signals(sys.orig_argv)  # before the seconds that torch takes to start

__version__ = "0.1.0"
__all__ = ["GAN", "load"]

if TYPE_CHECKING:
    from lightning_gan.gan import GAN
    from lightning_gan.saved import load
else:
    __getattr__ = attribute_importer(
        __name__, {"GAN": "lightning_gan.gan", "load": "lightning_gan.saved"}
    )
