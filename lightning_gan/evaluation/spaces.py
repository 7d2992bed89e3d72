"""Which features mean something for which pictures."""

from lightning_gan.features import Classifier, FeatureSpace, Inception


def natural_space(channels: int, data: str) -> FeatureSpace:
    """Inception's for colour images; for grey ones, to which ImageNet says nothing, a classifier of the same data.

    Args:
        channels: of the pictures, 1 or 3.
        data: name of the data that the classifier learned.
    """
    return Inception() if channels == 3 else Classifier(data)
