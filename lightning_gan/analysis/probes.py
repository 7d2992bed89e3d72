"""What a finished model has learned of classes, asked by classifiers that are not trained further.

`pooled_features` and `svm_error`: D's convolutional features under a linear support vector machine (Radford et al.
(2016), section 5.1). `nearest_neighbour_error`: samples of a conditional G as the examples of a nearest-neighbour
classifier of real images (the same, appendix, Table 3).
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
def pooled_features(
    discriminator: nn.Module, x: Tensor, side: Size = 4, batch_size: Count = 500
) -> Tensor:
    """All convolutional layers of D, each pooled to a grid by the maximum, side by side, [n, sum of channels * side^2].

    What a convolution makes is read where the next layer with weights reads it: behind its normalisation and
    activation. Evaluation mode; D is as before afterwards.

    Args:
        discriminator: D with convolutional layers.
        x: examples, [n, C, H, W].
        side: of the grid, 1 to 2^20; 4 in the paper.
        batch_size: examples per pass, at least 1.

    Raises:
        ValueError: if D has no convolutional layer.
    """
    layers = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    readers = [after for before, after in pairwise(layers) if isinstance(before, nn.Conv2d)]
    if not readers:
        raise UserError(
            f"{type(discriminator).__name__} has no convolution before another layer: give a convolutional D."
        )
    seen: list[Tensor] = []
    hooks = [m.register_forward_pre_hook(lambda _, given: seen.append(given[0])) for m in readers]
    # a linear layer is given the last maps flat
    channels = [m.out_channels for m in layers if isinstance(m, nn.Conv2d)][: len(readers)]
    training = discriminator.training
    discriminator.eval()
    try:
        parts = []
        for part in x.split(batch_size):
            seen.clear()
            discriminator(part)
            grids = [
                adaptive_max_pool2d(_maps(maps, c), side).flatten(1)
                for maps, c in zip(seen, channels, strict=True)
            ]
            parts.append(torch.cat(grids, dim=1))
    finally:
        discriminator.train(training)
        for hook in hooks:
            hook.remove()
    return torch.cat(parts)


def _maps(given: Tensor, channels: int) -> Tensor:
    """[m, channels, H, W], from these or from the same flattened; square maps."""
    if given.dim() == 4:
        return given
    side = round((given.shape[1] // channels) ** 0.5)
    return given.view(len(given), channels, side, side)


@check_arguments
def svm_error(
    features: Tensor, labels: Tensor, test_features: Tensor, test_labels: Tensor, c: Positive = 1.0
) -> float:
    """Share of test examples that a linear support vector machine names wrongly.

    Squared hinge loss, one class against the rest (scikit-learn's LinearSVC); features are scaled to mean 0 and
    variance 1 by the training examples.

    Args:
        features: of training examples, [n, d].
        labels: int64 [n].
        test_features: [N, d].
        test_labels: int64 [N].
        c: weight of the hinge losses, above 0.

    Raises:
        ValueError: if there are not as many labels as features, or fewer than two classes.
    """
    if len(features) != len(labels) or len(test_features) != len(test_labels):
        raise UserError(
            f"{len(features)} features with {len(labels)} labels, {len(test_features)} test features with "
            f"{len(test_labels)}: give as many labels as features."
        )
    if len(labels.unique()) < 2:
        raise UserError("The labels hold fewer than two classes: give examples of two or more.")
    from sklearn.svm import LinearSVC  # a second of import that few commands need

    centre, scale = features.mean(0), features.std(0).clamp_min(1e-6)
    machine = LinearSVC(C=c, dual="auto", random_state=0)
    machine.fit(((features - centre) / scale).numpy(), labels.numpy())
    said = torch.from_numpy(machine.predict(((test_features - centre) / scale).numpy()))
    return float((said != test_labels).float().mean())


def nearest_neighbour_error(x: Tensor, labels: Tensor, test: Tensor, test_labels: Tensor) -> float:
    """Share of test images whose nearest example in pixels, of those given, has another label.

    Args:
        x: examples, such as samples of G(z, c), [n, C, H, W].
        labels: their classes, int64 [n].
        test: real images in the same range, [N, C, H, W].
        test_labels: int64 [N].

    Raises:
        ValueError: if sizes disagree or there is nothing to compare.
    """
    if len(x) != len(labels) or len(test) != len(test_labels) or not len(test):
        raise UserError(
            f"{len(x)} examples with {len(labels)} labels, {len(test)} test images with {len(test_labels)}: give as "
            f"many labels as images, and one test image or more."
        )
    return float((labels[find_nearest(test, x)] != test_labels).float().mean())
