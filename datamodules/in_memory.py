"""Base class of data sets in memory, with one seed for all processes and exact resumption within an epoch."""

import os
from abc import ABC, abstractmethod
from typing import Literal

import torch
from pytorch_lightning import LightningDataModule
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor

from datamodules.loader import BatchLoader, ShuffledBatchLoader
from lightning_gan.arguments import Count, Seed, check_arguments
from lightning_gan.utils.errors import UserError

Split = Literal["train", "val", "test"]
Splits = dict[Split, tuple[Tensor, Tensor]]


class InMemory(LightningDataModule, ABC):
    """Base class of data sets that are held in memory and returned as float32 in `value_range`.

    `datamodules.base` documents the attributes and methods that other parts of the suite use.

    Attributes:
        name: Short name of the data that were loaded.
        data_shape: Shape of one example.
        value_range: Smallest and largest returned value.
        num_classes: Number of classes; labels are 0 to num_classes - 1.
        provenance: One sentence with the content, the sizes of the splits and the source.
        drawn: Whether the examples are computed from a seed. Their last bits may depend on the processor, so a resumed
            run does not compare the digest of their bytes.

    Args:
        batch_size: Examples per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
    """

    name: str
    data_shape: tuple[int, ...]
    value_range: tuple[float, float] = (0.0, 1.0)
    num_classes: int
    drawn: bool = False
    provenance: str = "nothing is loaded yet: call prepare_data() and setup()"

    @check_arguments
    def __init__(self, batch_size: Count = 100, seed: Seed | None = None) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.seed = seed
        self._splits: Splits = {}
        self._resident: dict[tuple[Split, torch.device], tuple[Tensor, Tensor]] = {}

    @abstractmethod
    def load(self, *, fetch: bool) -> Splits:
        """Load and verify the data; set `name` and `provenance` if they depend on what was found.

        Args:
            fetch: Whether missing files may be downloaded.

        Returns:
            For each split, the stored examples [n, *data_shape] and the labels int64 [n].
        """

    def prepare_data(self) -> None:
        """Find, download and verify the data once; works without a Trainer."""
        self._splits = self._splits or self.load(fetch=True)

    def setup(self, stage: str | None = None) -> None:
        """Load the data on every rank and set the same seed on all ranks.

        Raises:
            ValueError: If ranks found different data.
        """
        # under a Trainer, prepare_data has run on rank 0; the other ranks only read
        self._splits = self._splits or self.load(fetch=self.trainer is None)
        if self.seed is None:
            self.seed = int(os.environ.get("PL_GLOBAL_SEED") or torch.initial_seed())
        if self.trainer is not None and self.trainer.world_size > 1:
            name, self.seed = self.trainer.strategy.broadcast((self.name, self.seed))
            if name != self.name:
                raise UserError(
                    f"Rank 0 loaded {name} and rank {self.trainer.global_rank} {self.name}: put the"
                    " same files on every node, or pin `source`."
                )

    @abstractmethod
    def convert(self, stored: Tensor) -> Tensor:
        """Convert stored examples, [m, *data_shape], to float32 in `value_range`."""

    def images(self, split: Split) -> Tensor:
        """Return all examples of a split, float32 in `value_range`, [n, *data_shape], on the CPU."""
        return self.convert(self._split(split)[0])

    def labels(self, split: Split) -> Tensor:
        """Return all labels of a split, int64 [n], on the CPU."""
        return self._split(split)[1]

    def train_dataloader(self) -> BatchLoader:
        """Return shuffled batches; with `overfit_batches`, the same batches in order."""
        trainer = self.trainer
        if getattr(trainer, "overfit_batches", 0) > 0:
            return self._make_ordered_loader("train")
        # Lightning restores a loader's state within an epoch, but not at its end
        consumed = 0 if trainer is None else trainer.fit_loop.total_batch_idx + 1
        return self._make_shuffled_loader(consumed)

    def val_dataloader(self) -> BatchLoader:
        """Return validation batches in order."""
        return self._make_ordered_loader("val")

    def test_dataloader(self) -> BatchLoader:
        """Return test batches in order."""
        return self._make_ordered_loader("test")

    def state_dict(self) -> dict[str, int]:
        """Return the seed; with the Trainer's count of batches it determines the next batches."""
        return {"seed": self._seed()}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Set the checkpoint's seed if a fit is resumed, so that the order of batches continues."""
        if self.trainer is not None and self.trainer.state.fn == TrainerFn.FITTING:
            self.seed = state_dict["seed"]

    def _make_shuffled_loader(self, consumed: int) -> BatchLoader:
        """Return the stream of training batches without its first `consumed` ones."""
        images, labels = self._on_device("train")
        rank, world_size = self._rank()
        return ShuffledBatchLoader(
            images, labels, self.batch_size, self._seed(), consumed, rank, world_size, self.convert
        )

    def _make_ordered_loader(self, split: Split) -> BatchLoader:
        return BatchLoader(*self._on_device(split), self.batch_size, *self._rank(), self.convert)

    def _split(self, split: Split) -> tuple[Tensor, Tensor]:
        if not self._splits:
            raise RuntimeError(f"{self.name} is not loaded: call prepare_data() and setup() first.")
        if split not in self._splits:
            raise UserError(f"There is no split {split!r}: give one of {', '.join(self._splits)}.")
        return self._splits[split]

    def _on_device(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return a split on the Trainer's device; it is copied there once."""
        images, labels = self._split(split)
        if self.trainer is None or self.trainer.strategy.root_device.type == "cpu":
            return images, labels
        device = self.trainer.strategy.root_device
        if (split, device) not in self._resident:
            self._resident[split, device] = images.to(device), labels.to(device)
        return self._resident[split, device]

    def _rank(self) -> tuple[int, int]:
        """Return the rank and the number of ranks."""
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

    def _seed(self) -> int:
        if self.seed is None:
            raise RuntimeError(f"{self.name} has no seed yet: call setup() first.")
        return self.seed
