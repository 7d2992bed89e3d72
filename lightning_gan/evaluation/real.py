"""The real side of a score: which pictures, and their statistics, computed once and kept on disk."""

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from torch import Tensor

from lightning_gan.domains import Count, CountOrZero, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.evaluation.banks import Pictures
from lightning_gan.evaluation.patience import once, told
from lightning_gan.features import FeatureNetwork, cache_folder
from lightning_gan.file_format import FORMAT, KEY
from lightning_gan.metrics import Gaussian, Moments, Vectors
from lightning_gan.whole_files import whole


@dataclass(frozen=True)
class RealSet:
    """The pictures that samples are compared with.

    Attributes:
        name: of the data.
        split: of the data.
        pictures: uint8, [n, C, H, W].
    """

    name: str
    split: str
    pictures: Tensor

    @cached_property
    def digest(self) -> str:
        """Sha256 of shape and bytes: another byte is another real set."""
        sha = hashlib.sha256(f"{tuple(self.pictures.shape)}".encode())
        sha.update(self.pictures.contiguous().numpy().tobytes())
        return sha.hexdigest()

    def drawn(self, n: int | None) -> "RealSet":
        """Always the same n of the pictures, in their order; or all.

        Not the first n, because files are often sorted: the two halves of MNIST's test split differ by as much as a
        blur does.

        Raises:
            ValueError: if there are fewer than n.
        """
        if n is None or n == len(self.pictures):
            return self
        if n > len(self.pictures):
            raise UserError(
                f"{n:,} real images were asked of {len(self.pictures):,} ({self.name} {self.split}): "
                f"ask for 1 to {len(self.pictures):,}."
            )
        order = torch.randperm(len(self.pictures), generator=torch.Generator().manual_seed(0))
        return RealSet(self.name, self.split, self.pictures[order[:n].sort().values])


@dataclass(frozen=True)
class RealStatistics:
    """Of the vectors of a real set: mean and covariance, and the vectors where they were asked for."""

    gaussian: Gaussian
    vectors: Tensor | None


@check_arguments
def real_statistics(
    real: RealSet,
    network: FeatureNetwork,
    with_vectors: bool,
    rank: CountOrZero = 0,
    world_size: Count = 1,
    cache: Path | None = None,
) -> RealStatistics:
    """Statistics of a real set in a feature space, from disk if they are there; else from one pass over it.

    Every process makes this call. An entry is found by (data, split, n, resize, weights, every byte of the pictures).
    Entries are written beside and renamed, so that two jobs at once both end with a whole one.

    Args:
        real: the pictures.
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
    if everywhere(stored is not None, world_size):
        assert stored is not None
        return stored
    found = _one_pass(real, network, with_vectors, rank, world_size)
    if rank == 0:
        _write(path, key, found)
    return found


@check_arguments
def everywhere(flag: bool, world_size: Count) -> bool:
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
    real: RealSet, network: FeatureNetwork, with_vectors: bool, rank: int, world_size: int
) -> RealStatistics:
    device = network.device
    moments, vectors = Moments(network.dim).to(device), Vectors().to(device)
    parts = Pictures(real.pictures).parts(rank, world_size)
    share = len(real.pictures) // world_size
    for part in told(parts, share, f"{real.name} {real.split} images", rank):
        features = network(part.pictures.to(device))
        moments.update(features.vectors)
        if with_vectors:
            vectors.update(features.vectors, part.places.to(device))
    return RealStatistics(moments.compute(), vectors.compute() if with_vectors else None)


def _key(real: RealSet, network: FeatureNetwork) -> str:
    parts = (real.name, real.split, str(len(real.pictures)), network.resize, network.weights)
    return hashlib.sha256("|".join((*parts, real.digest)).encode()).hexdigest()[:32]


def _read(path: Path, key: str) -> RealStatistics | None:
    """An entry, if it is whole; a damaged one is computed again and replaced."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not look at the checksums
                return None
        entry = torch.load(path, weights_only=True, map_location="cpu")
        if entry["key"] != key or entry.get(KEY) != FORMAT:
            return None
        gaussian = Gaussian(entry["n"], entry["mean"], entry["cov"])
        return RealStatistics(gaussian, entry["vectors"])
    except (OSError, zipfile.BadZipFile, RuntimeError, KeyError, TypeError, EOFError):
        return None


def _write(path: Path, key: str, found: RealStatistics) -> None:
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
        with whole(path) as beside:
            torch.save(entry, beside)
    except OSError as error:  # a score is worth more than its cache
        once(f"Statistics of real images were not kept ({error.strerror}: {path.parent}).")
