"""Batches of two image domains, cut by index from tensors in memory."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError

Prepare = Callable[[Tensor, torch.Generator], Tensor]
"""Stored images, uint8 [m, C, H, W], and random numbers, to float32 images [m, C, H', W']."""


class TwoDomainLoader:
    """Training batches [a, b]: an endless stream that can be saved and continued.

    Each domain is a stream of shuffled passes over its own images, so that all its images are used equally often
    whatever the size of the other domain. The order of a pass is a function of (seed, domain, number of the pass), and
    random crops and flips of a batch of (seed, domain, number of the batch): the global generators are neither read nor
    moved. An epoch has as many images as the larger domain. Batches are cut as by `ShuffledBatchLoader`, so that N
    processes together see what one process would see with N times the batch size.

    Args:
        images: Stored images of both domains, uint8 [n_A, C, H, W] and [n_B, C', H, W].
        prepare: Function of each domain that crops, flips and converts a batch of stored images.
        batch_size: Number of images of each domain in a batch of this process, at least 1.
        seed: Seed of the order, crops and flips, the same in all processes.
        paired: Whether image i of A belongs to image i of B: both domains then have one order.
        consumed: Number of batches of the stream to skip.
        rank: Rank of this process.
        world_size: Number of processes.

    Raises:
        UserError: The larger domain has less than one global batch.
    """

    def __init__(
        self,
        images: Sequence[Tensor],
        prepare: Sequence[Prepare],
        batch_size: int,
        seed: int,
        paired: bool = False,
        consumed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.images, self.prepare = images, prepare
        self.batch_size, self.seed, self.paired, self.consumed = batch_size, seed, paired, consumed
        self.rank, self.world_size = rank, world_size
        self._orders: dict[tuple[int, int], Tensor] = {}
        if len(self) == 0:
            most = max(map(len, images))
            raise UserError(
                f"batch_size {batch_size} on {world_size} device(s) is more than the {most} training images: set "
                f"--data.batch_size to at most {most // world_size}."
            )

    def __len__(self) -> int:
        return max(map(len, self.images)) // (self.batch_size * self.world_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        first = self.consumed
        for batch in range(first, first + len(self)):
            self.consumed = (
                batch + 1
            )  # before the yield: a checkpoint made while it is used counts it
            yield [self._batch(domain, batch) for domain in (0, 1)]

    def _batch(self, domain: int, batch: int) -> Tensor:
        """Return this process's part of a global batch, prepared; random numbers are drawn for the whole of it."""
        images = self.images[domain]
        whole = self.batch_size * self.world_size
        positions = range(batch * whole, (batch + 1) * whole)
        index = torch.stack([self._index(domain, p) for p in positions])
        rng = self._rng(0 if self.paired else domain, 1, batch)
        prepared = self.prepare[domain](images.index_select(0, index.to(images.device)), rng)
        return prepared.tensor_split(self.world_size)[self.rank]

    def _index(self, domain: int, position: int) -> Tensor:
        """Return the index of the image at a position of a domain's stream."""
        n = len(self.images[domain])
        number, place = divmod(position, n)
        key = (domain, number)
        if key not in self._orders:
            self._orders = {k: v for k, v in self._orders.items() if k[0] != domain}
            stream = 0 if self.paired else domain
            self._orders[key] = torch.randperm(n, generator=self._rng(stream, 0, number))
        return self._orders[key][place]

    def _rng(self, domain: int, purpose: int, number: int) -> torch.Generator:
        """Return the random numbers of a pass (purpose 0) or of a batch (purpose 1) of a domain."""
        seed = ((self.seed * 1_000_003 + number) * 4 + 2 * purpose + domain) % 2**63
        return torch.Generator().manual_seed(seed)

    def state_dict(self) -> dict[str, int]:
        """Return the seed and the number of batches consumed; the same in all processes."""
        return {"seed": self.seed, "consumed": self.consumed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue with the batch after the last one consumed."""
        self.seed, self.consumed = state["seed"], state["consumed"]
