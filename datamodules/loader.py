"""Loaders that index batches from tensors in memory, without workers and collation."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from lightning_gan.arguments import Count, CountOrZero, check_arguments
from lightning_gan.utils.errors import UserError


def to_unit_range(images: Tensor) -> Tensor:
    """Convert uint8 images to float32 in [0, 1]."""
    return images.float().div_(255)


class BatchLoader:
    """Loader of ordered batches [x, y] from one rank's contiguous share, without padding or repetition.

    x is the result of `convert`, [m, C, H, W]; y is int64 [m]. The last batch may be smaller. Both are on the device
    of `images` and `labels`.

    Args:
        images: Stored images, uint8 [n, C, H, W].
        labels: Labels, int64 [n].
        batch_size: Images per batch on this rank, at least 1.
        rank: Index of the share, 0 to world_size - 1.
        world_size: Number of shares, at least 1; their sizes differ by at most one.
        convert: Function from stored images to float32 values of the same shape, on the same device.
    """

    @check_arguments
    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        batch_size: Count,
        rank: CountOrZero = 0,
        world_size: Count = 1,
        convert: Callable[[Tensor], Tensor] = to_unit_range,
    ) -> None:
        self.images = images
        self.labels = labels
        self.batch_size = batch_size
        self.rank = rank
        self.world_size = world_size
        self.convert = convert

    def __len__(self) -> int:
        return -(-(self._end - self._begin) // self.batch_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        for start in range(self._begin, self._end, self.batch_size):
            share = slice(start, min(start + self.batch_size, self._end))
            yield [self.convert(self.images[share]), self.labels[share]]

    @property
    def _begin(self) -> int:
        return len(self.labels) * self.rank // self.world_size

    @property
    def _end(self) -> int:
        return len(self.labels) * (self.rank + 1) // self.world_size


class ShuffledBatchLoader(BatchLoader):
    """Loader of training batches: an endless, resumable stream of shuffled epochs.

    The order of an epoch depends only on (seed, epoch); the global random number generators are not used. Indices are
    divided into global batches of batch_size * world_size, and each global batch contiguously by rank, so that N ranks
    together use the same examples as one rank with N times the batch size. The rest of an epoch is dropped.

    Each iteration yields len(self) batches from the current position of the stream. With `limit_train_batches` the
    next epoch therefore continues with the remaining examples, and the number of consumed batches is the whole state.

    Args:
        images: Stored images, uint8 [n, C, H, W].
        labels: Labels, int64 [n].
        batch_size: Images per batch on this rank.
        seed: Random seed, equal on all ranks.
        consumed: Number of batches to skip, over all epochs.
        rank: Index of this rank's part of each global batch.
        world_size: Number of parts.
        convert: Function from stored images to float32 values of the same shape, on the same device.

    Raises:
        ValueError: If there are fewer images than one global batch.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        batch_size: int,
        seed: int,
        consumed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        convert: Callable[[Tensor], Tensor] = to_unit_range,
    ) -> None:
        super().__init__(images, labels, batch_size, rank, world_size, convert)
        if len(self) == 0:
            raise UserError(
                f"batch_size {batch_size} on {world_size} device(s) needs more than the"
                f" {len(labels)} training images: set --data.batch_size to at most"
                f" {len(labels) // world_size}."
            )
        self.seed = seed
        self.consumed = consumed

    def __len__(self) -> int:
        return len(self.labels) // (self.batch_size * self.world_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        # a generator, because Lightning calls iter() more than once before the first batch, and only
        # next() may advance the stream
        first = self.consumed
        for batch in range(first, first + len(self)):
            epoch, position = divmod(batch, len(self))
            if batch == first or position == 0:
                order = self._order(epoch)
            start = (position * self.world_size + self.rank) * self.batch_size
            index = order[start : start + self.batch_size]
            # before the yield, so that a checkpoint during this batch counts it
            self.consumed = batch + 1
            images, labels = self._examples(index)
            yield [self.convert(images), labels]

    def _examples(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the stored images and labels at entries of an epoch's order."""
        # index_select takes a third of the time of images[index]
        return self.images.index_select(0, index), self.labels.index_select(0, index)

    def _order(self, epoch: int) -> Tensor:
        """Return a permutation of all indices, [n]; drawn on the CPU so that it is equal on all devices."""
        order = torch.randperm(len(self.labels), generator=self._generator(epoch))
        return order.to(self.labels.device)

    def _generator(self, epoch: int) -> torch.Generator:
        """Return the random number generator of an epoch, on the CPU."""
        return torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**32)

    def state_dict(self) -> dict[str, int]:
        """Return seed, epoch and number of consumed batches in this epoch; equal on all ranks."""
        epoch, position = divmod(self.consumed, len(self))
        return {"seed": self.seed, "epoch": epoch, "position": position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Set the stream to the batch after the last consumed one."""
        self.seed = state["seed"]
        self.consumed = state["epoch"] * len(self) + state["position"]
