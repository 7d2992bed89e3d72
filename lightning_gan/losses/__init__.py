"""Adversarial objectives: the losses of D and G as functions of D's logits."""

from lightning_gan.losses.base import AdversarialLoss
from lightning_gan.losses.hinge import Hinge
from lightning_gan.losses.label_smoothing import OneSidedLabelSmoothing
from lightning_gan.losses.least_squares import LeastSquares
from lightning_gan.losses.minimax import Minimax, NonSaturating
from lightning_gan.losses.relativistic import RelativisticAverage, RelativisticPairing
from lightning_gan.losses.wasserstein import Wasserstein

__all__ = [
    "AdversarialLoss",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "OneSidedLabelSmoothing",
    "RelativisticAverage",
    "RelativisticPairing",
    "Wasserstein",
]
