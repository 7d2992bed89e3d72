"""Helpers for models with classes: checks of D and of the data, prediction, choice of labelled examples."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lightning_gan.utils.errors import UserError


def check_classes(discriminator: nn.Module, kind: type[nn.Module], classes: int) -> None:
    """Check that D is a discriminator of a given type with a given number of classes.

    Args:
        discriminator: Discriminator D.
        kind: Type that D must have.
        classes: Number of classes that D must have.

    Raises:
        UserError: D has another type or another number of classes.
    """
    if not isinstance(discriminator, kind):
        raise UserError(
            f"D is a {type(discriminator).__name__}, which predicts no classes: make a {kind.__name__} the outermost "
            f"wrapper around it."
        )
    if discriminator.classes != classes:
        raise UserError(
            f"D has {discriminator.classes} classes, but the model has {classes}: give both the same number."
        )


def check_labels(data: Any, classes: int) -> None:
    """Check that the training data have examples of each of the model's classes and of no others.

    Raises:
        UserError: The data module gives no labels, or other ones.
    """
    if not (hasattr(data, "images") and hasattr(data, "labels")):
        raise UserError(
            "The model needs labels of training examples, but the Trainer has no data module with images('train') and "
            "labels('train'): give it one (datamodule=), such as MNIST."
        )
    found = data.labels("train").unique().tolist()
    if found != list(range(classes)):
        raise UserError(
            f"The labels of the training examples are {found[:12]}, but the model has classes 0 to {classes - 1}: set "
            f"the classes of the model and of D to those of the data."
        )


@torch.no_grad()
def predict_classes(network: nn.Module, logits: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Predict the class with the largest logit in evaluation mode.

    Args:
        network: Network that is put into evaluation mode for the prediction.
        logits: Function from examples to logits of the classes, [n, K].
        x: Examples, [n, *data_shape].

    Returns:
        Classes, int64 [n].
    """
    training = network.training
    network.eval()
    try:
        return torch.cat([logits(part).argmax(1) for part in x.split(1000)])
    finally:
        network.train(training)


def draw_labelled_indices(labels: Tensor, per_class: int, seed: int) -> Tensor:
    """Draw the indices of labelled examples, equally many of each class, without replacement.

    Args:
        labels: Classes of all examples, int64 [n].
        per_class: Number of examples of each class, at least 1.
        seed: Random seed for the choice.

    Returns:
        Indices, int64 [classes * per_class].

    Raises:
        UserError: per_class is below 1, or a class has fewer examples.
    """
    if per_class < 1 or per_class > int(labels.bincount().min()):
        raise UserError(
            f"{per_class} labels of each class were requested, but the classes have {labels.bincount().tolist()}: "
            f"give at least 1 and at most the smallest number."
        )
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return torch.cat([order[labels[order] == c][:per_class] for c in labels.unique()])
