"""What all data of two image domains share: both sides in memory, crops and flips, exact positions in the data."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from datamodules.in_memory import InMemory, Split
from datamodules.two_domain_loader import TwoDomainLoader
from lightning_gan.arguments import Count, Seed, check_arguments
from lightning_gan.utils.errors import UserError

Side = Literal["a", "b"]
Domains = dict[Split, tuple[Tensor, Tensor]]
"""For each split, images of A and of B, uint8 [n_A, C, H, W] and [n_B, C', H, W]."""


class TwoDomains(InMemory, ABC):
    """Images of a source domain A and a target domain B; a minibatch is [a, b], float32 in `value_range`.

    The number of images may differ between A and B, and so may the channels. Stored images may be larger than
    `data_shape`: training then cuts a random part out of each, evaluation the middle.

    Attributes:
        input_shape: Shape of an image of A, (C, H, W).
        data_shape: Shape of an image of B, (C', H, W).
        paired: Whether image i of A belongs to image i of B.
        held_out_pairs: Whether it does so among validation and test images; `pairs` returns these.

    Args:
        batch_size: Images of each domain in a batch of one device, at least 1.
        flip: Whether training mirrors each image with probability 1/2.
        seed: Seed of the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
    """

    input_shape: tuple[int, int, int]
    data_shape: tuple[int, int, int]
    value_range = (-1.0, 1.0)
    num_classes = 1
    paired = False
    held_out_pairs = False

    @check_arguments
    def __init__(self, batch_size: Count = 1, flip: bool = False, seed: Seed | None = None) -> None:
        super().__init__(batch_size, seed)
        self.flip = flip

    @abstractmethod
    def load(self, *, fetch: bool) -> Domains:
        """Read the stored images of both domains, for each split."""

    @property
    def display_range(self) -> tuple[float, float]:
        """Values that an image shows as 0 and as 255."""
        return self.value_range

    def convert(self, stored: Tensor) -> Tensor:
        """Convert bytes, [m, C, H, W], to float32 in `value_range`."""
        low, high = self.value_range
        return stored.float().mul_((high - low) / 255).add_(low)

    def uint8_images(self, split: Split, side: Side = "b") -> Tensor:
        """Return all images of one domain, uint8 [n, C, H, W], cut to the middle; B unless the side is given."""
        images = self._split(split)[0 if side == "a" else 1]
        return _cut_middle(images, *self.data_shape[1:])

    def images(self, split: Split, side: Side = "b") -> Tensor:
        """Return all images of one domain, float32 [n, C, H, W] in `value_range`; B unless the side is given."""
        return self.convert(self.uint8_images(split, side))

    def labels(self, split: Split) -> Tensor:
        """Refuse: images of two domains have no labels.

        Raises:
            UserError: always.
        """
        raise UserError(f"{self.name} has images of two domains and no labels.")

    def pairs(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return corresponding images of A and B, float32 in `value_range`; for evaluation, never for training.

        Raises:
            UserError: It is not known which images correspond.
        """
        if not self.paired:
            raise UserError(f"{self.name} holds no pairs: which images correspond is unknown.")
        return self.images(split, "a"), self.images(split, "b")

    def prepare(self, stored: Tensor, rng: torch.Generator) -> Tensor:
        """Cut a random part out of each stored image, mirror it if `flip` is set, and convert it.

        Args:
            stored: Stored images, uint8 [m, C, H, W].
            rng: Random numbers; the same for images that correspond.

        Returns:
            float32, [m, C, *data_shape[1:]], in `value_range`.
        """
        height, width = self.data_shape[1:]
        m, more = len(stored), (stored.shape[2] - height, stored.shape[3] - width)
        top = torch.randint(more[0] + 1, (m,), generator=rng).tolist()
        left = torch.randint(more[1] + 1, (m,), generator=rng).tolist()
        mirrored = (torch.rand(m, generator=rng) < 0.5).tolist()
        if any(more):
            cut = [
                x[:, t : t + height, s : s + width]
                for x, t, s in zip(stored, top, left, strict=True)
            ]
            stored = torch.stack(cut)
        x = self.convert(stored)
        if self.flip:
            x = torch.stack([i.flip(2) if m else i for i, m in zip(x, mirrored, strict=True)])
        return x

    def _make_shuffled_loader(self, consumed: int) -> TwoDomainLoader:  # type: ignore[override]
        rank, world_size = self._rank()
        return TwoDomainLoader(
            self._on_device("train"), (self.prepare, self.prepare), self.batch_size, self._seed(),
            self.paired, consumed, rank, world_size,
        )  # fmt: skip

    def _make_ordered_loader(self, split: Split) -> "InOrder":  # type: ignore[override]
        return InOrder(self, split, *self._rank())


class InOrder:
    """Batches [a, b] in order, cut to the middle; as many as the smaller domain has.

    Args:
        data: Data of two domains.
        split: Split to read.
        rank: Rank of this process, which reads its contiguous share.
        world_size: Number of processes.
    """

    def __init__(self, data: TwoDomains, split: Split, rank: int = 0, world_size: int = 1) -> None:
        self.data, self.split = data, split
        n = min(len(side) for side in data._split(split))
        self.begin, self.end = n * rank // world_size, n * (rank + 1) // world_size

    def __len__(self) -> int:
        return -(-(self.end - self.begin) // self.data.batch_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        height, width = self.data.data_shape[1:]
        sides = self.data._on_device(self.split)
        for start in range(self.begin, self.end, self.data.batch_size):
            share = slice(start, min(start + self.data.batch_size, self.end))
            yield [self.data.convert(_cut_middle(side[share], height, width)) for side in sides]


def _cut_middle(images: Tensor, height: int, width: int) -> Tensor:
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width]
