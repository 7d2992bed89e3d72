"""What games with classes share: checks of D and of the data, and asking a D for classes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lightning_gan.errors import UserError


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
def classes_by(network: nn.Module, logits: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The class of the largest logit, int64 [n], of examples, [n, *data_shape], in evaluation mode."""
    training = network.training
    network.eval()
    try:
        return torch.cat([logits(part).argmax(1) for part in x.split(1000)])
    finally:
        network.train(training)
