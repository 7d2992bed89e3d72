"""What models with classes share: checks of D and of the data, and asking a D for classes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lightning_gan.utils.errors import UserError


def check_classes(discriminator: nn.Module, kind: type[nn.Module], classes: int) -> None:
    """D must be of this kind, and know so many classes.

    Raises:
        ValueError: naming what D is.
    """
    if not isinstance(discriminator, kind):
        raise UserError(
            f"D is a {type(discriminator).__name__}, which says no classes: put it inside a {kind.__name__}, the "
            f"outermost one."
        )
    if discriminator.classes != classes:
        raise UserError(
            f"D knows {discriminator.classes} classes, but the model {classes}: give both the same number."
        )


def check_labels(data: Any, classes: int) -> None:
    """The data must have examples of all classes, and of no others.

    Raises:
        ValueError: naming what they have.
    """
    if not (hasattr(data, "images") and hasattr(data, "labels")):
        raise UserError(
            "Labels of training examples are needed, but the Trainer has no data module that gives images('train') and "
            "labels('train'): give it one (datamodule=), such as MNIST."
        )
    found = data.labels("train").unique().tolist()
    if found != list(range(classes)):
        raise UserError(
            f"The labels of the training examples are {found[:12]}, but the model has classes 0 to {classes - 1}: set "
            f"its classes, and D's, to those of the data."
        )


@torch.no_grad()
def predict_classes(network: nn.Module, logits: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The class of the largest logit, int64 [n], of examples, [n, *data_shape], in evaluation mode."""
    training = network.training
    network.eval()
    try:
        return torch.cat([logits(part).argmax(1) for part in x.split(1000)])
    finally:
        network.train(training)


def draw_labelled_indices(labels: Tensor, per_class: int, seed: int) -> Tensor:
    """Places of so many examples of each class, drawn without replacement, [classes * per_class].

    Raises:
        ValueError: if a class has fewer.
    """
    if per_class < 1 or per_class > int(labels.bincount().min()):
        raise UserError(
            f"{per_class} labels of each class were asked, but the classes have {labels.bincount().tolist()}: "
            f"give 1 or more, and at most the smallest."
        )
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return torch.cat([order[labels[order] == c][:per_class] for c in labels.unique()])
