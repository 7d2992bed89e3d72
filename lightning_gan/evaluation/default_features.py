"""Default feature extractor of a data set."""

from collections.abc import Sequence

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.feature_extractors import Classifier, FeatureExtractorConfig, InceptionConfig
from lightning_gan.feature_extractors.classifier import SHAPE


@check_arguments
def default_extractor(shape: Sequence[Size], data: str) -> FeatureExtractorConfig:
    """Return a digit classifier for grey 28x28 images, whose ImageNet features are not meaningful; else Inception.

    Args:
        shape: Shape of an image, [C, H, W], each 1 to 2^20.
        data: Name of the data set that the classifier was trained on.
    """
    return Classifier(data) if tuple(shape) == SHAPE else InceptionConfig()
