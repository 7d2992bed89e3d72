"""What the metrics of a sample set have in common."""

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_gan.utils.errors import UserError


class SampleSetMetric(Metric):
    """A metric of a sample set that several processes see in shares, of which some are empty."""

    full_state_update = False
    is_differentiable = False

    @property
    def update_called(self) -> bool:
        """True: a process without a share has nothing to update, and need not be warned of it."""
        return True


AT_A_TIME = 1 << 18  # numbers, so that a check needs no copy of all vectors


def rows_at_a_time(vectors: Tensor) -> int:
    """How many rows of [m, d] to look at in one step of a check."""
    return max(1, AT_A_TIME // vectors.shape[1])


def check_vectors(vectors: Tensor, name: str, dim: int | None = None) -> Tensor:
    """Vectors without their graph.

    Args:
        vectors: [m, d]; m may be 0.
        name: of them, for messages.
        dim: the d that is wanted; none: any.

    Raises:
        ValueError: if they have another shape, or some are not finite.
    """
    shape = list(vectors.shape)
    if len(shape) != 2 or not shape[1] or dim not in (None, shape[1]):
        raise UserError(f"The {name} have shape {shape}: give [m, {'d' if dim is None else dim}].")
    counts = [(~part.isfinite()).any(1).sum() for part in vectors.split(rows_at_a_time(vectors))]
    bad = int(torch.stack(counts).sum())
    if bad:
        raise UserError(
            f"{bad:,} of {len(vectors):,} {name} hold NaN or infinity, but scores need finite "
            f"numbers: look at the weights and the precision of the network that made them."
        )
    return vectors.detach()


def check_indices(index: Tensor, m: int) -> Tensor:
    """Places of m samples in their sample set, int64.

    Raises:
        ValueError: if there are not m of them, or one is negative.
    """
    if index.shape != (m,) or (m and int(index.min()) < 0):
        raise UserError(
            f"{m:,} samples came with places {index.flatten()[:3].tolist()}... of shape "
            f"{list(index.shape)}: give each its place in the sample set, from 0, as [{m}]."
        )
    return index.detach().long()


def check_complete(places: Tensor) -> None:
    """All places of a sample set, in order, must be 0, 1, 2...

    Raises:
        ValueError: if one is missing or came twice.
    """
    n = len(places)
    if not torch.equal(places, torch.arange(n, device=places.device)):
        raise UserError(
            f"{n:,} samples came with {len(places.unique()):,} places up to {int(places[-1]):,}: "
            f"give each sample of the sample set once, with its own place from 0 to {n - 1:,}."
        )
