"""Reference images and their feature statistics, which are computed once and cached on disk."""

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from torch import Tensor

from lightning_gan.arguments import Count, CountOrZero, check_arguments
from lightning_gan.evaluation.progress import log_once, report_progress
from lightning_gan.evaluation.sample_sets import ImageSet
from lightning_gan.feature_extractors import FeatureExtractor, cache_folder
from lightning_gan.metrics import GaussianStatistics, Moments, Vectors
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY


@dataclass(frozen=True)
class ReferenceImages:
    """Images that samples are compared with.

    Attributes:
        name: Name of the data.
        split: Split of the data.
        uint8_images: Images, uint8, [n, C, H, W].
    """

    name: str
    split: str
    uint8_images: Tensor

    @cached_property
    def digest(self) -> str:
        """Sha256 of shape and bytes."""
        sha = hashlib.sha256(f"{tuple(self.uint8_images.shape)}".encode())
        sha.update(self.uint8_images.contiguous().numpy().tobytes())
        return sha.hexdigest()

    def select(self, n: int | None) -> "ReferenceImages":
        """Select n of the images, always the same, in their order; all if n is None.

        The images are drawn at random because files are often sorted: the two halves of MNIST's test split differ as
        much as images and blurred images.

        Raises:
            UserError: There are fewer than n images.
        """
        if n is None or n == len(self.uint8_images):
            return self
        if n > len(self.uint8_images):
            raise UserError(
                f"{n:,} real images were requested, but {self.name} {self.split} has {len(self.uint8_images):,}: "
                f"request 1 to {len(self.uint8_images):,}."
            )
        order = torch.randperm(len(self.uint8_images), generator=torch.Generator().manual_seed(0))
        return ReferenceImages(self.name, self.split, self.uint8_images[order[:n].sort().values])


@dataclass(frozen=True)
class ReferenceStatistics:
    """Mean and covariance of the vectors of real images, and the vectors themselves if requested."""

    gaussian: GaussianStatistics
    vectors: Tensor | None


@check_arguments
def compute_reference_statistics(
    real: ReferenceImages,
    network: FeatureExtractor,
    with_vectors: bool,
    rank: CountOrZero = 0,
    world_size: Count = 1,
    cache: Path | None = None,
) -> ReferenceStatistics:
    """Compute statistics of real images in a feature space, or read them from the cache.

    Every process makes this call. The key of a cache entry is (data, split, n, resize, weights, all bytes of the
    images). Entries are written atomically, so that two jobs may write at once.

    Args:
        real: Real images.
        network: Feature extractor, on its device.
        with_vectors: Whether all vectors are needed, not only mean and covariance.
        rank: Rank of this process, at least 0.
        world_size: Number of processes, at least 1.
        cache: Folder of the cache; the suite's own if it is None.
    """
    folder = (cache or cache_folder()) / "statistics"
    key = _key(real, network)
    path = folder / f"{key}{'-vectors' if with_vectors else ''}.pt"
    stored = _read(path, key)
    if not with_vectors and stored is None:
        stored = _read(folder / f"{key}-vectors.pt", key)
    if holds_on_all_ranks(stored is not None, world_size):
        assert stored is not None
        return stored
    found = _one_pass(real, network, with_vectors, rank, world_size)
    if rank == 0:
        _write(path, key, found)
    return found


@check_arguments
def holds_on_all_ranks(flag: bool, world_size: Count) -> bool:
    """Whether a flag is true on every process, so that all take the same branch.

    Args:
        flag: Flag of this process.
        world_size: Number of processes, at least 1.
    """
    if world_size == 1:
        return flag
    flags: list[Any] = [None] * world_size
    torch.distributed.all_gather_object(flags, flag)
    return all(flags)


def _one_pass(
    real: ReferenceImages, network: FeatureExtractor, with_vectors: bool, rank: int, world_size: int
) -> ReferenceStatistics:
    device = network.device
    moments, vectors = Moments(network.dim).to(device), Vectors().to(device)
    batches = ImageSet(real.uint8_images).batches(rank, world_size)
    share = len(real.uint8_images) // world_size
    for batch in report_progress(batches, share, f"{real.name} {real.split} images", rank):
        features = network(batch.uint8_images.to(device))
        moments.update(features.vectors)
        if with_vectors:
            vectors.update(features.vectors, batch.indices.to(device))
    return ReferenceStatistics(moments.compute(), vectors.compute() if with_vectors else None)


def _key(real: ReferenceImages, network: FeatureExtractor) -> str:
    parts = (real.name, real.split, str(len(real.uint8_images)), network.resize, network.weights)
    return hashlib.sha256("|".join((*parts, real.digest)).encode()).hexdigest()[:32]


def _read(path: Path, key: str) -> ReferenceStatistics | None:
    """Read a cache entry; return None if it is missing or damaged, so that it is computed again."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not check the checksums
                return None
        entry = torch.load(path, weights_only=True, map_location="cpu")
        if entry["key"] != key or entry.get(KEY) != FORMAT:
            return None
        gaussian = GaussianStatistics(entry["n"], entry["mean"], entry["cov"])
        return ReferenceStatistics(gaussian, entry["vectors"])
    except (OSError, zipfile.BadZipFile, RuntimeError, KeyError, TypeError, EOFError):
        return None


def _write(path: Path, key: str, found: ReferenceStatistics) -> None:
    n, mean, cov = found.gaussian
    vectors = None if found.vectors is None else found.vectors.cpu()
    entry = {
        KEY: FORMAT,
        "key": key,
        "n": n,
        "mean": mean.cpu(),
        "cov": cov.cpu(),
        "vectors": vectors,
    }
    try:
        with atomic_write(path) as partial:
            torch.save(entry, partial)
    except OSError as error:  # without a cache the scores are still right
        log_once(f"Statistics of real images were not cached ({error.strerror}: {path.parent}).")
