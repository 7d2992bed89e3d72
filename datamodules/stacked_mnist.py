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

HELD_OUT = 10_000  # triples that validate, and as many that test
EPOCH = 128_000  # triples of an epoch where each is new
PLACES = (100, 10, 1)  # label = 100 a + 10 b + c


class StackedMNIST(MNIST):
    """Triples of MNIST's digits, [3, 28, 28]: label 100a + 10b + c of the digits a, b, c in the three channels.

    Two protocols are in use. Fixed triples: 128,000 of them train, again and again (Srivastava et al. (2017), VEEGAN;
    Lin et al. (2018), PacGAN, Table 2). Triples drawn anew: no image comes twice but by chance (Metz et al. (2017),
    Unrolled GAN; PacGAN, Table 3); give `triples: null` for it. Then an epoch is 128,000 triples, and what is drawn is
    a function of seed, epoch and place, so that a resumed run sees what one that was not stopped would have seen.

    The digits of a split come from that split of MNIST, each with the same chance. So modes are nearly equally
    frequent, but not quite: a digit 5 is rarer than a 1.

    Memory holds the digits once, 55 MB, and three numbers for each triple. `images("train")` and
    `uint8_images("train")` are made on each call and are not kept: 1.2 GB and 0.3 GB for 128,000 triples.

    Args:
        root: folder of MNIST's files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: examples per batch and device, at least 1.
        triples: number of training triples, drawn once, at least 1; null: the training batches are drawn anew, forever,
            and `images("train")` are 128,000 examples of such triples.
        source: where the digits may come from, as for MNIST; with the embedded ones the data call themselves
            stacked_mnist5k.
        seed: of the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        value_range: of what is given out, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.
        triples_seed: of the fixed triples, so that runs of different seeds learn from the same data, 0 to 2^32 - 1.

    Raises:
        ValueError: if source is unknown, or value_range is empty.
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
        # drawn as three places, 8 bytes each, with a label, and cut once
        check_memory(
            64 * (triples or 0), f"{triples:,} triples" if triples else "", "give fewer triples"
        )
        self.triples, self.triples_seed = triples, triples_seed
        self._digits: dict[torch.device, tuple[Tensor, Tensor]] = {}

    def load(self, *, fetch: bool) -> Splits:
        """Triples of places in `digits`, int64 [n, 3], and their labels, drawn one split after the other.

        Raises:
            ValueError: if a file is there but is not, to the byte, the published one.
            FileNotFoundError: if files are missing and `source` cannot deliver them.
        """
        splits = super().load(fetch=fetch)
        sample_set, labels = (torch.cat(parts) for parts in zip(*splits.values(), strict=True))
        self._digits[sample_set.device] = sample_set[:, 0], labels
        self._training = len(splits["train"][1])
        rng = torch.Generator().manual_seed(self.triples_seed)
        sizes: dict[Split, int] = {
            "train": self.triples or EPOCH,
            "val": HELD_OUT,
            "test": HELD_OUT,
        }
        stacked: Splits = {}
        first = 0
        for split, (digits, _) in splits.items():
            triples = first + torch.randint(len(digits), (sizes[split], 3), generator=rng)
            stacked[split] = triples, label_triples(triples, labels)
            first += len(digits)
        kept = "drawn once" if self.triples else "drawn anew for each batch"
        self.provenance = (
            f"Triples, {kept}, {len(stacked['train'][1]):,} an epoch, of: {self.provenance}"
        )
        return stacked

    def convert(self, stored: Tensor) -> Tensor:
        """Places of three digits, [m, 3], as their image, float32 [m, 3, 28, 28] in `value_range`."""
        return super().convert(self._images(stored))

    def uint8_images(self, split: Split) -> Tensor:
        """What images of a split show: uint8, [n, 3, 28, 28], on the CPU; made anew each time."""
        return self._images(self._split(split)[0])

    def _images(self, triples: Tensor) -> Tensor:
        digits = self.digits(triples.device)[0]
        return digits.index_select(0, triples.flatten()).unflatten(0, triples.shape)

    def digits(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """All digits, uint8 [n, 28, 28], and their labels, on a device, moved there once."""
        if device not in self._digits:
            sample_set, labels = self._digits[torch.device("cpu")]
            self._digits[device] = sample_set.to(device), labels.to(device)
        return self._digits[device]

    def _shuffled(self, consumed: int) -> BatchLoader:
        if self.triples is not None:
            return super()._shuffled(consumed)
        triples, labels = self._on_device("train")
        return ResampledTriples(
            triples, labels, self.batch_size, self._seed(), consumed, *self._rank(), self.convert,
            self.digits(triples.device)[1][: self._training],
        )  # fmt: skip


class ResampledTriples(ShuffledBatchLoader):
    """Training batches of triples drawn anew, as many an epoch as there are fixed ones.

    What is drawn is a pure function of (seed, epoch), and cut into batches as a shuffled epoch is.

    Args:
        triples: int64, [n, 3]: what an epoch would hold if it were fixed.
        labels: int64, [n].
        batch_size: examples per batch, on this rank.
        seed: the same on all ranks.
        consumed: batches of the stream to leave out, over all epochs.
        rank: which part of each global batch.
        world_size: number of such parts.
        convert: triples of a batch to float32 values, [m, 3, 28, 28].
        digits: int64, the labels of all digits that train.
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
        """The epoch's triples, int64 [n, 3]; drawn on the CPU so that devices agree."""
        shape, generator = self.images.shape, self._generator(epoch)
        return torch.randint(len(self.digits), shape, generator=generator).to(self.digits.device)

    def _examples(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return index, label_triples(index, self.digits)


def label_triples(triples: Tensor, digits: Tensor) -> Tensor:
    """100a + 10b + c, int64 [m], of the digits at the places in `triples`, [m, 3]."""
    return digits[triples] @ torch.tensor(PLACES, device=digits.device)
