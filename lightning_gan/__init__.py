"""Generative adversarial networks, beginning with Goodfellow et al. (2014). Start at `lightning_gan.gan`."""

import sys
from typing import TYPE_CHECKING, Any

from lightning_gan.jobs.srun import hold_signals
from lightning_gan.starting import hold_interrupts

hold_interrupts(sys.orig_argv)
hold_signals(sys.orig_argv)  # before the seconds that torch takes to start

from lightning_gan.gan import GAN  # noqa: E402

__version__ = "0.1.0"
__all__ = ["GAN", "load"]

if TYPE_CHECKING:
    from lightning_gan.saved import load


def __getattr__(name: str) -> Any:
    """Import `load` at its first use, so that importing the package costs no more."""
    if name == "load":
        from lightning_gan.saved import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
