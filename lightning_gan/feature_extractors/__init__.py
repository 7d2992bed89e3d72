"""Feature extractors: networks that map images to vectors for scores."""

from typing import TYPE_CHECKING

from lightning_gan.utils.lazy_imports import attribute_importer

__all__ = [
    "Classifier",
    "DINOv2",
    "DigitNetwork",
    "FactorClassifier",
    "FeatureExtractor",
    "FeatureExtractorConfig",
    "Features",
    "InceptionConfig",
    "InceptionV3",
    "WeightsError",
    "cache_folder",
    "fetch_inception",
    "load_factor_classifier",
    "measure_accuracy",
    "measure_factor_accuracy",
    "save_classifier",
    "train_classifier",
    "train_factor_classifier",
]

if TYPE_CHECKING:
    from lightning_gan.feature_extractors.base import (
        FeatureExtractor,
        FeatureExtractorConfig,
        Features,
        WeightsError,
    )
    from lightning_gan.feature_extractors.cache import cache_folder
    from lightning_gan.feature_extractors.classifier import Classifier, DigitNetwork
    from lightning_gan.feature_extractors.classifier_training import (
        measure_accuracy,
        save_classifier,
        train_classifier,
    )
    from lightning_gan.feature_extractors.dinov2 import DINOv2
    from lightning_gan.feature_extractors.download_inception import fetch_inception
    from lightning_gan.feature_extractors.factor_classifier import (
        FactorClassifier,
        load_factor_classifier,
        measure_factor_accuracy,
        train_factor_classifier,
    )
    from lightning_gan.feature_extractors.inception import InceptionConfig, InceptionV3
else:
    MODULES = {
        "Classifier": f"{__name__}.classifier",
        "DINOv2": f"{__name__}.dinov2",
        "DigitNetwork": f"{__name__}.classifier",
        "FactorClassifier": f"{__name__}.factor_classifier",
        "FeatureExtractor": f"{__name__}.base",
        "FeatureExtractorConfig": f"{__name__}.base",
        "Features": f"{__name__}.base",
        "InceptionConfig": f"{__name__}.inception",
        "InceptionV3": f"{__name__}.inception",
        "WeightsError": f"{__name__}.base",
        "measure_accuracy": f"{__name__}.classifier_training",
        "measure_factor_accuracy": f"{__name__}.factor_classifier",
        "cache_folder": f"{__name__}.cache",
        "fetch_inception": f"{__name__}.download_inception",
        "load_factor_classifier": f"{__name__}.factor_classifier",
        "save_classifier": f"{__name__}.classifier_training",
        "train_classifier": f"{__name__}.classifier_training",
        "train_factor_classifier": f"{__name__}.factor_classifier",
    }
    __getattr__ = attribute_importer(__name__, MODULES)
