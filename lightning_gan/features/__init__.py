"""Networks that turn pictures into vectors, by which scores compare pictures."""

from lightning_gan.features.base import FeatureNetwork, Features, FeatureSpace, WeightsError
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
from lightning_gan.features.weights import cache_folder

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
