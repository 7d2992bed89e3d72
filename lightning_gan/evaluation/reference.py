"""The real side of a score: which images, and their statistics, computed once and kept on disk."""

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
    """The images that samples are compared with.

    Attributes:
        name: of the data.
        split: of the data.
        uint8_images: uint8, [n, C, H, W].
    """

    name: str
    split: str
    uint8_images: Tensor

    @cached_property
    def digest(self) -> str:
        """Sha256 of shape and bytes: another byte is another real set."""
        sha = hashlib.sha256(f"{tuple(self.uint8_images.shape)}".encode())
        sha.update(self.uint8_images.contiguous().numpy().tobytes())
        return sha.hexdigest()

    def select(self, n: int | None) -> "ReferenceImages":
        """Always the same n of the images, in their order; or all.

        Not the first n, because files are often sorted: the two halves of MNIST's test split differ by as much as a
        blur does.

        Raises:
            ValueError: if there are fewer than n.
        """
        if n is None or n == len(self.uint8_images):
            return self
        if n > len(self.uint8_images):
            raise UserError(
                f"{n:,} real images were asked of {len(self.uint8_images):,} ({self.name} {self.split}): "
                f"ask for 1 to {len(self.uint8_images):,}."
            )
        order = torch.randperm(len(self.uint8_images), generator=torch.Generator().manual_seed(0))
        return ReferenceImages(self.name, self.split, self.uint8_images[order[:n].sort().values])


@dataclass(frozen=True)
class ReferenceStatistics:
    """Of the vectors of a real set: mean and covariance, and the vectors where they were asked for."""

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
    """Statistics of a real set in a feature space, from disk if they are there; else from one pass over it.

    Every process makes this call. An entry is found by (data, split, n, resize, weights, every byte of the images).
    Entries are written beside and renamed, so that two jobs at once both end with a whole one.

    Args:
        real: the images.
        network: the feature space, on the device where it shall work.
        with_vectors: whether all vectors are needed, rather than mean and covariance.
        rank: of this process, at least 0.
        world_size: number of processes, at least 1.
        cache: folder of entries; the suite's own if it is not given.
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
    """Whether a flag holds on every process, so that all go the same way.

    Args:
        flag: the flag of this process.
        world_size: number of processes, at least 1.
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
    parts = ImageSet(real.uint8_images).batches(rank, world_size)
    share = len(real.uint8_images) // world_size
    for part in report_progress(parts, share, f"{real.name} {real.split} images", rank):
        features = network(part.uint8_images.to(device))
        moments.update(features.vectors)
        if with_vectors:
            vectors.update(features.vectors, part.indices.to(device))
    return ReferenceStatistics(moments.compute(), vectors.compute() if with_vectors else None)


def _key(real: ReferenceImages, network: FeatureExtractor) -> str:
    parts = (real.name, real.split, str(len(real.uint8_images)), network.resize, network.weights)
    return hashlib.sha256("|".join((*parts, real.digest)).encode()).hexdigest()[:32]


def _read(path: Path, key: str) -> ReferenceStatistics | None:
    """An entry, if it is whole; a damaged one is computed again and replaced."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not look at the checksums
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
        with atomic_write(path) as beside:
            torch.save(entry, beside)
    except OSError as error:  # a score is worth more than its cache
        log_once(f"Statistics of real images were not kept ({error.strerror}: {path.parent}).")
