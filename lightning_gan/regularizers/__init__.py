"""Regularizers of D: penalties that are added to its loss, and projections of its weights after its updates."""

from lightning_gan.regularizers.base import Critic, Penalty, Projection, Regularizer
from lightning_gan.regularizers.gradient_penalty import GradientPenalty
from lightning_gan.regularizers.weight_clip import WeightClip
from lightning_gan.regularizers.zero_centered import R1, R2

__all__ = [
    "R1",
    "R2",
    "Critic",
    "GradientPenalty",
    "Penalty",
    "Projection",
    "Regularizer",
    "WeightClip",
]
