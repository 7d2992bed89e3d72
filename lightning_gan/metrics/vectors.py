"""Metric state with all vectors of a sample set, for scores that compare vectors with each other."""

import torch
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from lightning_gan.arguments import Count, check_arguments
from lightning_gan.metrics.sample_metric import (
    SampleSetMetric,
    check_complete,
    check_indices,
    check_vectors,
)
from lightning_gan.utils.errors import UserError


class Vectors(SampleSetMetric):
    """Vectors of all processes in the order of the sample set, so that scores do not depend on the shares.

    States take 4 n d bytes for the n vectors of this process. During `compute`, every process holds
    the vectors of all, temporarily up to three times.

    Args:
        dim: Length d of a vector, at least 1; None: that of the first vectors.
    """

    higher_is_better: bool | None = None
    flat: list[Tensor]
    index: list[Tensor]

    @check_arguments
    def __init__(self, dim: Count | None = None) -> None:
        super().__init__()
        self.dim = dim
        # flattened, because torchmetrics gathers an empty share only for one-dimensional states
        self.add_state("flat", [], dist_reduce_fx="cat")
        self.add_state("index", [], dist_reduce_fx="cat")
        self.reset()

    def reset(self) -> None:
        """Remove all vectors; empty tensors remain, with the dtype that other processes gather."""
        super().reset()
        self.flat.append(torch.empty(0, dtype=torch.float32, device=self.device))
        self.index.append(torch.empty(0, dtype=torch.int64, device=self.device))

    def update(self, vectors: Tensor, index: Tensor) -> None:
        """Store vectors.

        Args:
            vectors: Vectors, [m, d], stored as float32; m may be 0.
            index: Indices of the vectors in the sample set, [m].

        Raises:
            UserError: A shape is wrong, or a value is not finite.
        """
        vectors = check_vectors(vectors, "vectors", self.dim)
        self.dim = vectors.shape[1]
        self.index.append(check_indices(index, len(vectors)))
        self.flat.append(vectors.float().flatten())

    def compute(self) -> Tensor:
        """Return all vectors, float32, [n, d], in the order of their indices.

        Raises:
            UserError: There are no vectors, or the indices are not 0 to n - 1, each once.
        """
        flat, index = dim_zero_cat(self.flat), dim_zero_cat(self.index)
        if not len(index):
            raise UserError("There are no vectors: call update(vectors, index) first.")
        indices, order = index.sort()
        check_complete(indices)
        return flat.view(len(index), -1)[order]
