"""All vectors of a sample set in the sample set's order, for scores that compare vectors with each other."""

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
    """The vectors of all processes in the sample set's order, so that no score depends on the shares.

    States take 4 n d bytes of this process's n; in `compute`, every process holds those of all,
    and for a moment up to three times.

    Args:
        dim: length d of a vector, at least 1; none: that of the first that comes.
    """

    higher_is_better: bool | None = None
    flat: list[Tensor]
    index: list[Tensor]

    @check_arguments
    def __init__(self, dim: Count | None = None) -> None:
        super().__init__()
        self.dim = dim
        # flat: torchmetrics gathers an empty share only among states of one dimension
        self.add_state("flat", [], dist_reduce_fx="cat")
        self.add_state("index", [], dist_reduce_fx="cat")
        self.reset()

    def reset(self) -> None:
        """Forget all, down to something empty that has the dtype other processes gather."""
        super().reset()
        self.flat.append(torch.empty(0, dtype=torch.float32, device=self.device))
        self.index.append(torch.empty(0, dtype=torch.int64, device=self.device))

    def update(self, vectors: Tensor, index: Tensor) -> None:
        """Keep vectors.

        Args:
            vectors: [m, d], kept as float32; m may be 0.
            index: their places in the sample set, [m].

        Raises:
            ValueError: if shapes are wrong, or some vectors are not finite.
        """
        vectors = check_vectors(vectors, "vectors", self.dim)
        self.dim = vectors.shape[1]
        self.index.append(check_indices(index, len(vectors)))
        self.flat.append(vectors.float().flatten())

    def compute(self) -> Tensor:
        """All vectors, float32, [n, d], in the order of their places.

        Raises:
            ValueError: if none came, or not each place from 0 to n - 1 once.
        """
        flat, index = dim_zero_cat(self.flat), dim_zero_cat(self.index)
        if not len(index):
            raise UserError("No vectors came: call update(vectors, index) first.")
        places, order = index.sort()
        check_complete(places)
        return flat.view(len(index), -1)[order]
