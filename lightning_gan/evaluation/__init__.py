"""Evaluating samples: banks of pictures, the real side, what is asked, and cards that say what a value depends on."""

from typing import TYPE_CHECKING

from lightning_gan.lazy import attribute_importer

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

if TYPE_CHECKING:
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
else:
    MODULES = {
        "Against": f"{__name__}.scores",
        "Bank": f"{__name__}.banks",
        "Card": f"{__name__}.cards",
        "Frechet": f"{__name__}.measures",
        "Inception": f"{__name__}.measures",
        "Kernel": f"{__name__}.measures",
        "Measure": f"{__name__}.measures",
        "Neighbours": f"{__name__}.measures",
        "Part": f"{__name__}.banks",
        "Pictures": f"{__name__}.banks",
        "RealSet": f"{__name__}.real",
        "RealStatistics": f"{__name__}.real",
        "Samples": f"{__name__}.banks",
        "Score": f"{__name__}.cards",
        "Scores": f"{__name__}.scores",
        "card_from": f"{__name__}.cards",
        "described": f"{__name__}.banks",
        "everywhere": f"{__name__}.real",
        "full_name": f"{__name__}.scores",
        "natural_space": f"{__name__}.spaces",
        "over_banks": f"{__name__}.scores",
        "real_statistics": f"{__name__}.real",
        "score": f"{__name__}.scores",
    }
    __getattr__ = attribute_importer(__name__, MODULES)
