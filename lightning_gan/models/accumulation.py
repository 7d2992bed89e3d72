"""Larger minibatches than the memory holds: `--trainer.accumulate_grad_batches`."""

from typing import Any

from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils.errors import UserError


def set_microbatches(gan: AdversarialModel, data: Any, minibatches: int) -> None:
    """Let each update of a network take so many minibatches of the data module's size, one after the other.

    The update sees them as one: it is a step of G as ever, k counts it once, and so does an average of G. Lightning's
    own accumulation would leave the counting to the module, and refuses one with two optimizers.

    Args:
        gan: which gets `parts`.
        data: whose `batch_size` is multiplied.
        minibatches: in an update.

    Raises:
        ValueError: if the data have no batch_size.
    """
    if minibatches == 1:
        return
    if not hasattr(data, "batch_size"):
        raise UserError(
            f"trainer.accumulate_grad_batches is {minibatches}, but {type(data).__name__} has no batch_size: "
            f"make its minibatches {minibatches} times as large, and set `parts` of the model to {minibatches}."
        )
    gan.microbatches = minibatches
    data.batch_size *= minibatches
