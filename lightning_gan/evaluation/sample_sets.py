"""Sample sets: samples of a model or images of a file, read in batches of bytes with their indices."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from lightning_gan.arguments import Bound, SampleCount, Seed, check_arguments
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.images import to_uint8
from lightning_gan.utils.machine_limits import check_memory

BATCH_SIZE = 250


class IndexedBatch(NamedTuple):
    """Batch of a sample set.

    Attributes:
        uint8_images: Images, uint8, [m, C, H, W].
        indices: Indices of the images in the sample set, [m].
    """

    uint8_images: Tensor
    indices: Tensor


class SampleSet(Protocol):
    """Images that can be read in batches repeatedly, always the same."""

    @property
    def n(self) -> int:
        """Number of images."""

    @property
    def description(self) -> str:
        """Source of the images, for the protocol."""

    @property
    def batch_norm(self) -> str:
        """Statistics that BatchNorm used; empty without BatchNorm."""

    @property
    def seed(self) -> int | None:
        """Seed of the draw; None if the images were not drawn."""

    def batches(self, rank: int = 0, world_size: int = 1) -> Iterator[IndexedBatch]:
        """Yield the batches of one process, in order."""


def split_among_ranks(n: int, rank: int, world_size: int) -> Iterator[slice]:
    """Yield slices of at most `BATCH_SIZE` of one process's contiguous share of n indices."""
    begin, end = n * rank // world_size, n * (rank + 1) // world_size
    for start in range(begin, end, BATCH_SIZE):
        yield slice(start, min(start + BATCH_SIZE, end))


def _indices(share: slice) -> Tensor:
    return torch.arange(share.start, share.stop)


class ImageSet:
    """Sample set of images in memory.

    Args:
        image_bytes: Images, uint8, [n, C, H, W].
        description: Source of the images.
        seed: Seed of the draw, 0 to 2^32 - 1; None if they were not drawn.
    """

    batch_norm = ""

    @check_arguments
    def __init__(
        self, image_bytes: Tensor, description: str = "", seed: Seed | None = None
    ) -> None:
        if image_bytes.dtype != torch.uint8 or image_bytes.dim() != 4 or not len(image_bytes):
            raise UserError(
                f"The images are {image_bytes.dtype}, {list(image_bytes.shape)}: give bytes (uint8), [n, C, H, W], "
                f"at least one."
            )
        self.uint8_images, self.n = image_bytes, len(image_bytes)
        self.description, self.seed = description, seed

    def batches(self, rank: int = 0, world_size: int = 1) -> Iterator[IndexedBatch]:
        """Yield the batches of one process, in order."""
        for share in split_among_ranks(self.n, rank, world_size):
            yield IndexedBatch(self.uint8_images[share], _indices(share))


class ModelSamples:
    """Sample set of a model, determined by the seed.

    A model with `noise` and `generate` (this suite's) draws each batch when it is read; memory holds the noise of all
    samples and one batch. A model with only `sample(n, seed)` draws all samples once, and they stay in memory.

    Args:
        model: Model with `sample(n, seed)`.
        n: Number of samples, 1 to 10,000,000.
        seed: Seed of the noise, 0 to 2^32 - 1.
        value_range: Smallest and largest pixel value; infinite if the samples are unbounded.
        description: Description of the model, for the protocol.
    """

    @check_arguments
    def __init__(
        self, model: Any, n: SampleCount, seed: Seed, value_range: Sequence[Bound], description: str
    ) -> None:
        self.model, self.n, self.seed, self.description = model, n, seed, description
        low, high = value_range
        self.value_range = (float(low), float(high))
        self.batch_norm = "running averages" if has_batch_norm(model) else ""
        self._samples: Tensor | None = None

    def all(self) -> Tensor:
        """Return all samples, [n, *data_shape], in the model's value range; later calls return the same tensor."""
        if self._samples is None:
            self._check_memory("data_size")
            self._samples = self.model.sample(self.n, seed=self.seed).float()
        return self._samples

    def batches(self, rank: int = 0, world_size: int = 1) -> Iterator[IndexedBatch]:
        """Yield the batches of one process, in order."""
        noise = None
        if self._samples is None and hasattr(self.model, "generate"):
            self._check_memory("z_dim")
            noise = self.model.sample_inputs(self.n, torch.Generator().manual_seed(self.seed))
        for share in split_among_ranks(self.n, rank, world_size):
            x = self.all()[share] if noise is None else self.model.generate(noise[share]).float()
            yield IndexedBatch(to_uint8(x, self.value_range), _indices(share))

    def _check_memory(self, size: str) -> None:
        """Check that the noise (z_dim values each) or the samples (data_size) fit into memory."""
        numbers = getattr(getattr(self.model, "generator", None), size, 1)
        check_memory(4 * self.n * numbers, f"{self.n:,} samples", "ask for fewer samples")


def has_batch_norm(model: Any) -> bool:
    """Whether the samples of a model depend on BatchNorm statistics."""
    generator = getattr(model, "eval_generator", model)
    modules = generator.modules() if isinstance(generator, torch.nn.Module) else ()
    return any(isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in modules)


def describe_generator(model: Any) -> str:
    """Return the source of a model's samples: "average of G" if it has an EMA, else "G"."""
    return "average of G" if getattr(model, "ema", None) is not None else "G"
