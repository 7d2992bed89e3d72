"""Evaluating samples: banks of pictures, the real side, what is asked, and cards that say what a value depends on."""

from lightning_gan.evaluation.banks import Bank, Part, Pictures, Samples, described
from lightning_gan.evaluation.cards import Card, Score, card_from
from lightning_gan.evaluation.measures import (
    Frechet,
    Inception,
    Kernel,
    Measure,
    Neighbours,
)
from lightning_gan.evaluation.real import RealSet, RealStatistics, everywhere, real_statistics
from lightning_gan.evaluation.scores import Against, Scores, full_name, over_banks, score
from lightning_gan.evaluation.spaces import natural_space

__all__ = [
    "Against",
    "Bank",
    "Card",
    "Frechet",
    "Inception",
    "Kernel",
    "Measure",
    "Neighbours",
    "Part",
    "Pictures",
    "RealSet",
    "RealStatistics",
    "Samples",
    "Score",
    "Scores",
    "card_from",
    "described",
    "everywhere",
    "full_name",
    "natural_space",
    "over_banks",
    "real_statistics",
    "score",
]
