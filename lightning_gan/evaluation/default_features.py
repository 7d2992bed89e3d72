"""Which features mean something for which images."""

from collections.abc import Sequence

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.feature_extractors import Classifier, FeatureExtractorConfig, InceptionConfig
from lightning_gan.feature_extractors.classifier import SHAPE


@check_arguments
def default_extractor(shape: Sequence[Size], data: str) -> FeatureExtractorConfig:
    """For grey digits, to which ImageNet says nothing, a classifier of the same data; Inception's for all others.

    Args:
        shape: of an image, each 1 to 2^20: channels, height, width.
        data: name of the data that the classifier learned.
    """
    return Classifier(data) if tuple(shape) == SHAPE else InceptionConfig()
