"""Which features mean something for which pictures."""

from collections.abc import Sequence

from lightning_gan.domains import Size, check_arguments
from lightning_gan.features import Classifier, FeatureSpace, Inception
from lightning_gan.features.classifier import SHAPE


@check_arguments
def natural_space(shape: Sequence[Size], data: str) -> FeatureSpace:
    """For grey digits, to which ImageNet says nothing, a classifier of the same data; Inception's for all others.

    Args:
        shape: of a picture, each 1 to 2^20: channels, height, width.
        data: name of the data that the classifier learned.
    """
    return Classifier(data) if tuple(shape) == SHAPE else Inception()
