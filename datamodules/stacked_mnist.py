"""Stacked MNIST: three digits as the three channels of one image, 1,000 modes (Metz et al., 2017, section 3.3.1)."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from datamodules.base import Split, Splits
from datamodules.loader import BatchLoader, ShuffledBatchLoader
from datamodules.mnist import MNIST
from lightning_gan.arguments import Count, Finite, Seed, check_arguments
from lightning_gan.utils.machine_limits import check_memory

HELD_OUT = 10_000  # triples of the validation split, and of the test split
EPOCH = 128_000  # triples of an epoch if they are drawn for each batch
PLACE_VALUES = (100, 10, 1)  # label = 100 a + 10 b + c


class StackedMNIST(MNIST):
    """Stacked MNIST: three digits a, b, c as the channels of an image, 3 x 28 x 28, with the label 100a + 10b + c.

    Two protocols are in use. With fixed triples, 128,000 of them form the training split (Srivastava et al. (2017),
    VEEGAN; Lin et al. (2018), PacGAN, Table 2). With resampled triples, every batch is new (Metz et al. (2017),
    Unrolled GAN; PacGAN, Table 3); set `triples: null` for it. An epoch then is 128,000 triples, which depend only on
    seed, epoch and position, so that a resumed run equals an uninterrupted one.

    The digits of a split are drawn uniformly from that split of MNIST. The modes are therefore nearly but not exactly
    equally frequent: a digit 5 is rarer than a 1.

    Memory holds the digits once, 55 MB, and three indices for each triple. `images("train")` and
    `uint8_images("train")` are computed on each call: 1.2 GB and 0.3 GB for 128,000 triples.

    Args:
        root: Folder of MNIST's files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: Images per batch and device, at least 1.
        triples: Number of fixed training triples, at least 1; null resamples them for each batch, and
            `images("train")` then returns 128,000 examples.
        source: Source of the digits, as for MNIST; the data set of the embedded digits is named stacked_mnist5k.
        seed: Random seed for the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        value_range: Range of the returned values, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.
        triples_seed: Random seed for the fixed triples, 0 to 2^32 - 1; independent of `seed`, so that runs with
            different seeds train on the same data.

    Raises:
        ValueError: If `source` is unknown, or `value_range` is empty.
    """

    name = "stacked_mnist"
    data_shape = (3, 28, 28)
    num_classes = 1000
    embedded_name = "stacked_mnist5k"

    @check_arguments
    def __init__(
        self,
        root: str = "data",
        batch_size: Count = 100,
        triples: Count | None = 128_000,
        source: Literal["auto", "files", "mirrors", "index", "embedded"] = "auto",
        seed: Seed | None = None,
        value_range: tuple[Finite, Finite] = (-1.0, 1.0),
        triples_seed: Seed = 0,
    ) -> None:
        super().__init__(root, batch_size, source, seed, value_range)
        # three indices of 8 bytes and a label, and a copy of them
        check_memory(
            64 * (triples or 0), f"{triples:,} triples" if triples else "", "give fewer triples"
        )
        self.triples, self.triples_seed = triples, triples_seed
        self._digits: dict[torch.device, tuple[Tensor, Tensor]] = {}

    def load(self, *, fetch: bool) -> Splits:
        """Draw triples of indices into `digits`, int64 [n, 3], and their labels, one split after the other.

        Raises:
            ValueError: If a file exists but differs from the published one.
            FileNotFoundError: If files are missing and `source` cannot provide them.
        """
        splits = super().load(fetch=fetch)
        digits, labels = (torch.cat(parts) for parts in zip(*splits.values(), strict=True))
        self._digits[digits.device] = digits[:, 0], labels
        self._training = len(splits["train"][1])
        rng = torch.Generator().manual_seed(self.triples_seed)
        sizes: dict[Split, int] = {
            "train": self.triples or EPOCH,
            "val": HELD_OUT,
            "test": HELD_OUT,
        }
        stacked: Splits = {}
        first = 0
        for split, (images, _) in splits.items():
            triples = first + torch.randint(len(images), (sizes[split], 3), generator=rng)
            stacked[split] = triples, label_triples(triples, labels)
            first += len(images)
        drawn = "drawn once" if self.triples else "drawn anew for each batch"
        self.provenance = (
            f"Triples, {drawn}, {len(stacked['train'][1]):,} an epoch, of: {self.provenance}"
        )
        return stacked

    def convert(self, stored: Tensor) -> Tensor:
        """Convert triples of indices, [m, 3], to images, float32 [m, 3, 28, 28] in `value_range`."""
        return super().convert(self._stack(stored))

    def uint8_images(self, split: Split) -> Tensor:
        """Return the displayed images of a split, uint8 [n, 3, 28, 28], on the CPU; computed on each call."""
        return self._stack(self._split(split)[0])

    def _stack(self, triples: Tensor) -> Tensor:
        digits = self.digits(triples.device)[0]
        return digits.index_select(0, triples.flatten()).unflatten(0, triples.shape)

    def digits(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return all digits, uint8 [n, 28, 28], and their labels on a device; they are copied there once."""
        if device not in self._digits:
            digits, labels = self._digits[torch.device("cpu")]
            self._digits[device] = digits.to(device), labels.to(device)
        return self._digits[device]

    def _make_shuffled_loader(self, consumed: int) -> BatchLoader:
        if self.triples is not None:
            return super()._make_shuffled_loader(consumed)
        triples, labels = self._on_device("train")
        return ResampledTriples(
            triples, labels, self.batch_size, self._seed(), consumed, *self._rank(), self.convert,
            self.digits(triples.device)[1][: self._training],
        )  # fmt: skip


class ResampledTriples(ShuffledBatchLoader):
    """Loader of training batches of triples that are drawn for each epoch.

    The triples of an epoch depend only on (seed, epoch); they are divided into batches like a shuffled epoch.

    Args:
        triples: Fixed triples, int64 [n, 3], which give the size of an epoch.
        labels: Labels, int64 [n].
        batch_size: Images per batch on this rank.
        seed: Random seed, equal on all ranks.
        consumed: Number of batches to skip, over all epochs.
        rank: Index of this rank's part of each global batch.
        world_size: Number of parts.
        convert: Function from triples to float32 images, [m, 3, 28, 28].
        digits: Labels of all training digits, int64.
    """

    def __init__(
        self,
        triples: Tensor,
        labels: Tensor,
        batch_size: int,
        seed: int,
        consumed: int,
        rank: int,
        world_size: int,
        convert: Callable[[Tensor], Tensor],
        digits: Tensor,
    ) -> None:
        super().__init__(triples, labels, batch_size, seed, consumed, rank, world_size, convert)
        self.digits = digits

    def _order(self, epoch: int) -> Tensor:
        """Return the epoch's triples, int64 [n, 3]; drawn on the CPU so that they are equal on all devices."""
        shape, generator = self.images.shape, self._generator(epoch)
        return torch.randint(len(self.digits), shape, generator=generator).to(self.digits.device)

    def _examples(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return index, label_triples(index, self.digits)


def label_triples(triples: Tensor, digits: Tensor) -> Tensor:
    """Return the labels 100a + 10b + c of triples of indices, [m, 3] to int64 [m]; `digits` are their labels."""
    return digits[triples] @ torch.tensor(PLACE_VALUES, device=digits.device)
