"""Generative adversarial networks in PyTorch Lightning. Algorithm 1 is in `lightning_gan.models.gan`."""

import sys
from typing import TYPE_CHECKING

from lightning_gan.slurm.environment import hold_signals
from lightning_gan.utils.lazy_imports import attribute_importer
from lightning_gan.utils.startup_interrupts import hold_interrupts

hold_interrupts(sys.orig_argv)
hold_signals(sys.orig_argv)  # before torch is imported, which takes seconds

__version__ = "0.1.0"
__all__ = ["GAN", "load"]

if TYPE_CHECKING:
    from lightning_gan.checkpoints.load import load
    from lightning_gan.models.gan import GAN
else:
    __getattr__ = attribute_importer(
        __name__, {"GAN": "lightning_gan.models.gan", "load": "lightning_gan.checkpoints.load"}
    )
