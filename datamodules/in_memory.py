"""What all data sets share: splits held in memory, one seed for all processes, and exact places in the data."""

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
    """Examples held in memory, given out as float32 in `value_range`.

    Attributes:
        name: short name of the data that were really loaded.
        data_shape: of one example.
        value_range: smallest and largest value of what is given out.
        num_classes: labels are 0 to num_classes - 1.
        provenance: one sentence: what the examples are, how many per split, from where.
        drawn: Whether the examples are computed from a seed. Their last bits may then depend on the processor, so that
            the digest of their bytes is not compared when a run is resumed.

    Args:
        batch_size: examples per batch and device, at least 1.
        seed: of the order of the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
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
        """Examples [n, *data_shape] as they are stored, and labels int64 [n], of each split; every byte verified.

        Sets `name` and `provenance` where they depend on what was found.

        Args:
            fetch: whether files that are missing may be fetched.
        """

    def prepare_data(self) -> None:
        """Find, fetch and verify the data. Needs no Trainer; costs nothing the second time."""
        self._splits = self._splits or self.load(fetch=True)

    def setup(self, stage: str | None = None) -> None:
        """Load the data on every rank, and settle on one seed for all.

        Raises:
            RuntimeError: if ranks found different data.
        """
        # Under a Trainer prepare_data has run, on rank 0 alone: the other ranks only read.
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
        """What is held in memory, [m, *data_shape], as float32 in `value_range`."""

    def images(self, split: Split) -> Tensor:
        """All examples of a split: float32 in `value_range`, [n, *data_shape], on the CPU."""
        return self.convert(self._split(split)[0])

    def labels(self, split: Split) -> Tensor:
        """All labels of a split: int64, [n], on the CPU."""
        return self._split(split)[1]

    def train_dataloader(self) -> BatchLoader:
        """Shuffled batches; in order, and always the same, under `overfit_batches`."""
        trainer = self.trainer
        if getattr(trainer, "overfit_batches", 0) > 0:
            return self._in_order("train")
        # Lightning restores a loader's own state in the middle of an epoch, but not at its end.
        consumed = 0 if trainer is None else trainer.fit_loop.total_batch_idx + 1
        return self._shuffled(consumed)

    def val_dataloader(self) -> BatchLoader:
        """Validation batches in order."""
        return self._in_order("val")

    def test_dataloader(self) -> BatchLoader:
        """Test batches in order."""
        return self._in_order("test")

    def state_dict(self) -> dict[str, int]:
        """The seed: with the Trainer's count of batches it fixes what comes next."""
        return {"seed": self._seed()}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """A resumed fit goes on in the order of the checkpoint, whatever its own seed."""
        if self.trainer is not None and self.trainer.state.fn == TrainerFn.FITTING:
            self.seed = state_dict["seed"]

    def _shuffled(self, consumed: int) -> BatchLoader:
        """The stream of training batches, without its first ones."""
        images, labels = self._on_device("train")
        rank, world_size = self._rank()
        return ShuffledBatchLoader(
            images, labels, self.batch_size, self._seed(), consumed, rank, world_size, self.convert
        )

    def _in_order(self, split: Split) -> BatchLoader:
        return BatchLoader(*self._on_device(split), self.batch_size, *self._rank(), self.convert)

    def _split(self, split: Split) -> tuple[Tensor, Tensor]:
        if not self._splits:
            raise RuntimeError(f"{self.name} is not loaded: call prepare_data() and setup() first.")
        if split not in self._splits:
            raise UserError(f"No split {split!r}: take one of {', '.join(self._splits)}.")
        return self._splits[split]

    def _on_device(self, split: Split) -> tuple[Tensor, Tensor]:
        """A split on the trainer's device, moved there once."""
        images, labels = self._split(split)
        if self.trainer is None or self.trainer.strategy.root_device.type == "cpu":
            return images, labels
        device = self.trainer.strategy.root_device
        if (split, device) not in self._resident:
            self._resident[split, device] = images.to(device), labels.to(device)
        return self._resident[split, device]

    def _rank(self) -> tuple[int, int]:
        """Rank and number of ranks."""
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

    def _seed(self) -> int:
        if self.seed is None:
            raise RuntimeError(f"{self.name} has no seed yet: call setup() first.")
        return self.seed
