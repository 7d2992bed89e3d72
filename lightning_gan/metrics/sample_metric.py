"""Base class of metrics of a sample set, and checks of their inputs."""

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_gan.utils.errors import UserError


class SampleSetMetric(Metric):
    """Metric of a sample set that is split over processes; a share may be empty."""

    full_state_update = False
    is_differentiable = False

    @property
    def update_called(self) -> bool:
        """True, so that a process with an empty share does not warn that `update` was not called."""
        return True


AT_A_TIME = 1 << 18  # number of values in a block of a check, which so needs no copy of all vectors


def count_block_rows(vectors: Tensor) -> int:
    """Return the number of rows of [m, d] to check at a time."""
    return max(1, AT_A_TIME // vectors.shape[1])


def check_vectors(vectors: Tensor, name: str, dim: int | None = None) -> Tensor:
    """Check vectors and return them detached.

    Args:
        vectors: Vectors, [m, d]; m may be 0.
        name: Name of the vectors in messages.
        dim: Required d; None: any.

    Raises:
        UserError: The shape is wrong, or a value is not finite.
    """
    shape = list(vectors.shape)
    if len(shape) != 2 or not shape[1] or dim not in (None, shape[1]):
        raise UserError(f"The {name} have shape {shape}: give [m, {'d' if dim is None else dim}].")
    counts = [(~part.isfinite()).any(1).sum() for part in vectors.split(count_block_rows(vectors))]
    bad = int(torch.stack(counts).sum())
    if bad:
        raise UserError(
            f"{bad:,} of {len(vectors):,} {name} contain NaN or infinity, but scores need finite "
            f"values: check the weights and the precision of the feature extractor."
        )
    return vectors.detach()


def check_indices(index: Tensor, m: int) -> Tensor:
    """Check the indices of m samples in their sample set, and return them as int64.

    Raises:
        UserError: There are not m indices, or one is negative.
    """
    if index.shape != (m,) or (m and int(index.min()) < 0):
        raise UserError(
            f"{m:,} samples have indices {index.flatten()[:3].tolist()}... of shape "
            f"{list(index.shape)}: give the index of each in the sample set, from 0, as [{m}]."
        )
    return index.detach().long()


def check_complete(indices: Tensor) -> None:
    """Check that the sorted indices of a sample set are 0 to n - 1.

    Raises:
        UserError: An index is missing or occurs twice.
    """
    n = len(indices)
    if not torch.equal(indices, torch.arange(n, device=indices.device)):
        raise UserError(
            f"{n:,} samples have {len(indices.unique()):,} different indices up to {int(indices[-1]):,}: "
            f"give each sample of the sample set once, with its index from 0 to {n - 1:,}."
        )
