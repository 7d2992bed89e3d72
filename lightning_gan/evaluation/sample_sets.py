"""Sample sets of images: samples of a model, or images of a file, read in parts as bytes with their places."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from lightning_gan.arguments import Bound, SampleCount, Seed, check_arguments
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.images import to_uint8
from lightning_gan.utils.machine_limits import check_memory

PART = 250  # images held at a time


class IndexedBatch(NamedTuple):
    """Some images of a sample set.

    Attributes:
        uint8_images: uint8, [m, C, H, W].
        indices: of them in the sample set, [m].
    """

    uint8_images: Tensor
    indices: Tensor


class SampleSet(Protocol):
    """Images that can be read in parts, again and again, always the same."""

    @property
    def n(self) -> int:
        """Images."""

    @property
    def description(self) -> str:
        """Whose images they are, for the protocol."""

    @property
    def batch_norm(self) -> str:
        """Which statistics BatchNorm used, where there is any."""

    @property
    def seed(self) -> int | None:
        """With which they were drawn, if they were."""

    def batches(self, rank: int = 0, world_size: int = 1) -> Iterator[IndexedBatch]:
        """One process's share of the sample set, in order."""


def split_among_ranks(n: int, rank: int, world_size: int) -> Iterator[slice]:
    """Slices of one process's contiguous share of n places, PART at most in each."""
    begin, end = n * rank // world_size, n * (rank + 1) // world_size
    for start in range(begin, end, PART):
        yield slice(start, min(start + PART, end))


def _places(share: slice) -> Tensor:
    return torch.arange(share.start, share.stop)


class ImageSet:
    """Bytes in memory.

    Args:
        image_bytes: uint8, [n, C, H, W].
        description: whose they are.
        seed: with which they were drawn, if they were, 0 to 2^32 - 1.
    """

    batch_norm = ""

    @check_arguments
    def __init__(
        self, image_bytes: Tensor, description: str = "", seed: Seed | None = None
    ) -> None:
        if image_bytes.dtype != torch.uint8 or image_bytes.dim() != 4 or not len(image_bytes):
            raise UserError(
                f"Images of {image_bytes.dtype}, {list(image_bytes.shape)}, came: give bytes (uint8), [n, C, H, W], "
                f"at least one."
            )
        self.uint8_images, self.n = image_bytes, len(image_bytes)
        self.description, self.seed = description, seed

    def batches(self, rank: int = 0, world_size: int = 1) -> Iterator[IndexedBatch]:
        """One process's share, in order."""
        for share in split_among_ranks(self.n, rank, world_size):
            yield IndexedBatch(self.uint8_images[share], _places(share))


class ModelSamples:
    """n samples of a model that depend on the seed alone; a part is made when it is read.

    A model that draws all at once (`sample(n, seed)`: the baselines, another suite's models) is asked once and its
    samples are kept. One that can turn noise into samples by parts (`noise`, `generate`: this suite's) holds the noise
    of the sample set and PART samples.

    Args:
        model: what has `sample(n, seed)`.
        n: samples, 1 to 10,000,000.
        seed: of their noise, 0 to 2^32 - 1.
        value_range: smallest and largest pixel value of the samples; infinite where there is none.
        description: of the model, for the protocol.
    """

    @check_arguments
    def __init__(
        self, model: Any, n: SampleCount, seed: Seed, value_range: Sequence[Bound], description: str
    ) -> None:
        self.model, self.n, self.seed, self.description = model, n, seed, description
        low, high = value_range
        self.value_range = (float(low), float(high))
        self.batch_norm = "running averages" if has_batch_norm(model) else ""
        self._kept: Tensor | None = None

    def all(self) -> Tensor:
        """Every sample, [n, *data_shape] in the model's value range; kept, so that nobody draws them again."""
        if self._kept is None:
            self._check_memory("data_size")
            self._kept = self.model.sample(self.n, seed=self.seed).float()
        return self._kept

    def batches(self, rank: int = 0, world_size: int = 1) -> Iterator[IndexedBatch]:
        """One process's share, in order."""
        in_parts = self._kept is None and hasattr(self.model, "generate")
        noise = None
        if in_parts:
            self._check_memory("z_dim")
            noise = self.model.noise(self.n, torch.Generator().manual_seed(self.seed))
        for share in split_among_ranks(self.n, rank, world_size):
            x = self.all()[share] if noise is None else self.model.generate(noise[share]).float()
            yield IndexedBatch(to_uint8(x, self.value_range), _places(share))

    def _check_memory(self, size: str) -> None:
        """Refuse a sample set whose noise (z_dim numbers each) or samples (data_size) do not fit in memory."""
        numbers = getattr(getattr(self.model, "generator", None), size, 1)
        check_memory(4 * self.n * numbers, f"{self.n:,} samples", "ask for fewer samples")


def has_batch_norm(model: Any) -> bool:
    """Whether a model's samples depend on BatchNorm's statistics."""
    generator = getattr(model, "eval_generator", model)
    modules = generator.modules() if isinstance(generator, torch.nn.Module) else ()
    return any(isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in modules)


def describe_generator(model: Any) -> str:
    """Whose samples a model of this suite shows."""
    return "average of G" if getattr(model, "ema", None) is not None else "G"
