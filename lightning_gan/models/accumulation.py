"""Gradient accumulation for `--trainer.accumulate_grad_batches`: minibatches larger than the memory holds."""

from typing import Any

from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils.errors import UserError


def set_microbatches(gan: AdversarialModel, data: Any, minibatches: int) -> None:
    """Let each update accumulate the gradients of a number of minibatches of the data module's size.

    The data module's batch size is multiplied, and the model splits each minibatch again. So an update counts as one
    for steps, for k and for the weight average of G. Lightning's own accumulation refuses modules with two optimizers.

    Args:
        gan: Model whose `microbatches` is set.
        data: Data module whose `batch_size` is multiplied.
        minibatches: Number of minibatches for each update.

    Raises:
        UserError: Data module has no batch_size.
    """
    if minibatches == 1:
        return
    if not hasattr(data, "batch_size"):
        raise UserError(
            f"trainer.accumulate_grad_batches is {minibatches}, but {type(data).__name__} has no batch_size: "
            f"make its minibatches {minibatches} times as large, and set `microbatches` of the model to {minibatches}."
        )
    gan.microbatches = minibatches
    data.batch_size *= minibatches
