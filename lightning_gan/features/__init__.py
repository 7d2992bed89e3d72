"""Networks that turn pictures into vectors, by which scores compare pictures."""

from typing import TYPE_CHECKING

from lightning_gan.lazy import attribute_importer

__all__ = [
    "Classifier",
    "DINOv2",
    "DigitNetwork",
    "FactorReader",
    "FeatureNetwork",
    "FeatureSpace",
    "Features",
    "Inception",
    "InceptionV3",
    "WeightsError",
    "accuracy",
    "accuracy_of_reader",
    "cache_folder",
    "fetch_inception",
    "kept_reader",
    "save_classifier",
    "train_classifier",
    "train_reader",
]

if TYPE_CHECKING:
    from lightning_gan.features.base import FeatureNetwork, Features, FeatureSpace, WeightsError
    from lightning_gan.features.cache import cache_folder
    from lightning_gan.features.classifier import Classifier, DigitNetwork
    from lightning_gan.features.dinov2 import DINOv2
    from lightning_gan.features.factor_reader import (
        FactorReader,
        accuracy_of_reader,
        kept_reader,
        train_reader,
    )
    from lightning_gan.features.inception import Inception, InceptionV3
    from lightning_gan.features.published import fetch_inception
    from lightning_gan.features.training import accuracy, save_classifier, train_classifier
else:
    MODULES = {
        "Classifier": f"{__name__}.classifier",
        "DINOv2": f"{__name__}.dinov2",
        "DigitNetwork": f"{__name__}.classifier",
        "FactorReader": f"{__name__}.factor_reader",
        "FeatureNetwork": f"{__name__}.base",
        "FeatureSpace": f"{__name__}.base",
        "Features": f"{__name__}.base",
        "Inception": f"{__name__}.inception",
        "InceptionV3": f"{__name__}.inception",
        "WeightsError": f"{__name__}.base",
        "accuracy": f"{__name__}.training",
        "accuracy_of_reader": f"{__name__}.factor_reader",
        "cache_folder": f"{__name__}.cache",
        "fetch_inception": f"{__name__}.published",
        "kept_reader": f"{__name__}.factor_reader",
        "save_classifier": f"{__name__}.training",
        "train_classifier": f"{__name__}.training",
        "train_reader": f"{__name__}.factor_reader",
    }
    __getattr__ = attribute_importer(__name__, MODULES)
