"""Batches cut by index from tensors in memory: no workers, no per-item collate."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from lightning_gan.arguments import Count, CountOrZero, check_arguments
from lightning_gan.utils.errors import UserError


def to_unit_range(images: Tensor) -> Tensor:
    """Pixels of 0..255 (uint8) as float32 in [0, 1]."""
    return images.float().div_(255)


class BatchLoader:
    """Batches [x, y] of one rank's contiguous share, in order; nothing padded, nothing twice.

    x is what `convert` makes of bytes, [m, C, H, W]; y is int64, [m]; the last batch may be smaller.
    Both are on the device of the tensors given.

    Args:
        images: uint8, [n, C, H, W].
        labels: int64, [n].
        batch_size: examples per batch, on this rank, at least 1.
        rank: which share, 0 to world_size - 1, at least 0.
        world_size: number of shares, at least 1; their sizes differ by at most one.
        convert: bytes of a batch to float32 values, shape unchanged, on the device of the bytes.
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
    """Training batches: an endless stream of shuffled epochs that can be saved and continued.

    The order of an epoch is a pure function of (seed, epoch); the global random number generators
    are neither read nor moved. Indices are cut into global batches of batch_size * world_size, and
    those contiguously by rank, so that N ranks see together what one would see with N times the
    batch. What is left at the end of an epoch is dropped.

    Each iteration yields len(self) batches from wherever the stream stands. So with
    `limit_train_batches` the next epoch goes on with the examples not yet seen, and how many
    batches were consumed is all there is to save.

    Args:
        images: uint8, [n, C, H, W].
        labels: int64, [n].
        batch_size: examples per batch, on this rank.
        seed: the same on all ranks.
        consumed: batches of the stream to leave out, over all epochs.
        rank: which part of each global batch.
        world_size: number of such parts.
        convert: bytes of a batch to float32 values, shape unchanged, on the device of the bytes.

    Raises:
        ValueError: if there is less than one global batch.
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
                f"batch_size {batch_size} on {world_size} device(s) asks for more than the"
                f" {len(labels)} training images: set --data.batch_size to at most"
                f" {len(labels) // world_size}."
            )
        self.seed = seed
        self.consumed = consumed

    def __len__(self) -> int:
        return len(self.labels) // (self.batch_size * self.world_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        # A generator: Lightning calls iter() several times before the first batch, and only next()
        # may move the stream.
        first = self.consumed
        for batch in range(first, first + len(self)):
            epoch, position = divmod(batch, len(self))
            if batch == first or position == 0:
                order = self._order(epoch)
            start = (position * self.world_size + self.rank) * self.batch_size
            index = order[start : start + self.batch_size]
            # Before the yield, so that a checkpoint made while this batch is used counts it.
            self.consumed = batch + 1
            images, labels = self._examples(index)
            yield [self.convert(images), labels]

    def _examples(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """What stands at some places of an epoch's order, as it is stored, and its labels."""
        # a third of the time of images[index]
        return self.images.index_select(0, index), self.labels.index_select(0, index)

    def _order(self, epoch: int) -> Tensor:
        """Permutation of all indices, [n]; made on the CPU so that devices agree."""
        order = torch.randperm(len(self.labels), generator=self._generator(epoch))
        return order.to(self.labels.device)

    def _generator(self, epoch: int) -> torch.Generator:
        """Random numbers of an epoch, on the CPU."""
        return torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**32)

    def state_dict(self) -> dict[str, int]:
        """Seed, epoch, and batches of that epoch already consumed; the same on all ranks."""
        epoch, position = divmod(self.consumed, len(self))
        return {"seed": self.seed, "epoch": epoch, "position": position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue with the batch after the last one consumed."""
        self.seed = state["seed"]
        self.consumed = state["epoch"] * len(self) + state["position"]
