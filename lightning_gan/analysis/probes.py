"""Classifiers that measure what a trained model has learned about classes, without training the model further.

`extract_pooled_features` and `compute_svm_error`: a linear support vector machine on D's convolutional features
(Radford et al. (2016), section 5.1). `compute_nearest_neighbour_error`: a nearest-neighbour classifier of real images
whose training examples are samples of a conditional G (appendix, Table 3).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

from lightning_gan.arguments import Count, Positive, Size, check_arguments
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.utils.errors import UserError


@check_arguments
@torch.no_grad()
def extract_pooled_features(
    discriminator: nn.Module, x: Tensor, side: Size = 4, batch_size: Count = 500
) -> Tensor:
    """Extract the features of all convolutional layers of D, each max-pooled to a grid.

    The output of a convolution is read at the input of the next layer with weights, after normalization and
    activation. D runs in evaluation mode; its mode is restored afterwards.

    Args:
        discriminator: D with convolutional layers.
        x: Images, [n, C, H, W].
        side: Side of the grid, 1 to 2^20; 4 in the paper.
        batch_size: Images per pass, at least 1.

    Returns:
        Features, [n, sum of channels * side^2].

    Raises:
        ValueError: If D has no convolutional layer.
    """
    layers = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    readers = [after for before, after in pairwise(layers) if isinstance(before, nn.Conv2d)]
    if not readers:
        raise UserError(
            f"{type(discriminator).__name__} has no convolution before another layer: give a convolutional D."
        )
    inputs: list[Tensor] = []
    hooks = [m.register_forward_pre_hook(lambda _, args: inputs.append(args[0])) for m in readers]
    # a linear layer gets the last maps flattened
    channels = [m.out_channels for m in layers if isinstance(m, nn.Conv2d)][: len(readers)]
    training = discriminator.training
    discriminator.eval()
    try:
        parts = []
        for part in x.split(batch_size):
            inputs.clear()
            discriminator(part)
            grids = [
                adaptive_max_pool2d(_to_maps(maps, c), side).flatten(1)
                for maps, c in zip(inputs, channels, strict=True)
            ]
            parts.append(torch.cat(grids, dim=1))
    finally:
        discriminator.train(training)
        for hook in hooks:
            hook.remove()
    return torch.cat(parts)


def _to_maps(x: Tensor, channels: int) -> Tensor:
    """Reshape square feature maps to [m, channels, H, W], if they are flattened."""
    if x.dim() == 4:
        return x
    side = round((x.shape[1] // channels) ** 0.5)
    return x.view(len(x), channels, side, side)


@check_arguments
def compute_svm_error(
    features: Tensor, labels: Tensor, test_features: Tensor, test_labels: Tensor, c: Positive = 1.0
) -> float:
    """Compute the test error of a linear support vector machine, a share in [0, 1].

    The classifier is scikit-learn's LinearSVC: squared hinge loss, one class against the rest. Features are scaled
    by the mean and standard deviation of the training features.

    Args:
        features: Training features, [n, d].
        labels: Training labels, int64 [n].
        test_features: Test features, [N, d].
        test_labels: Test labels, int64 [N].
        c: Weight of the hinge losses, above 0.

    Raises:
        ValueError: If there are not as many labels as features, or fewer than two classes.
    """
    if len(features) != len(labels) or len(test_features) != len(test_labels):
        raise UserError(
            f"{len(features)} features with {len(labels)} labels, {len(test_features)} test features with "
            f"{len(test_labels)}: give as many labels as features."
        )
    if len(labels.unique()) < 2:
        raise UserError("The labels hold fewer than two classes: give two or more.")
    from sklearn.svm import LinearSVC  # imported here: it takes a second, and few commands need it

    centre, scale = features.mean(0), features.std(0).clamp_min(1e-6)
    machine = LinearSVC(C=c, dual="auto", random_state=0)
    machine.fit(((features - centre) / scale).numpy(), labels.numpy())
    predicted = torch.from_numpy(machine.predict(((test_features - centre) / scale).numpy()))
    return float((predicted != test_labels).float().mean())


def compute_nearest_neighbour_error(
    x: Tensor, labels: Tensor, test: Tensor, test_labels: Tensor
) -> float:
    """Compute the test error of a nearest-neighbour classifier in pixel space, a share in [0, 1].

    Args:
        x: Training images of the classifier, such as samples of G(z, c), [n, C, H, W].
        labels: Classes of the training images, int64 [n].
        test: Real images in the same range of values, [N, C, H, W].
        test_labels: Classes of the real images, int64 [N].

    Raises:
        ValueError: If there are not as many labels as images, or no test image.
    """
    if len(x) != len(labels) or len(test) != len(test_labels) or not len(test):
        raise UserError(
            f"{len(x)} training images with {len(labels)} labels, {len(test)} test images with {len(test_labels)}: "
            f"give as many labels as images, and one test image or more."
        )
    return float((labels[find_nearest(test, x)] != test_labels).float().mean())
