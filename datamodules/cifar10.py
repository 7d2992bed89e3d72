"""CIFAR-10 (Krizhevsky, 2009)."""

import io
from collections.abc import Iterable
from http.client import HTTPException
from typing import ClassVar, Literal

import torch
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from datamodules.base import ImageData, Split, Splits
from datamodules.cifar_files import (
    FOLDER,
    Archive,
    BatchFile,
    find_first,
    read_archive,
    read_binary,
    read_members,
    read_pickled,
    write_files,
)
from datamodules.loader import BatchLoader
from lightning_gan.arguments import Count, CountOrZero, Seed, check_arguments
from lightning_gan.utils import home_folder
from lightning_gan.utils.downloads import download_bytes
from lightning_gan.utils.errors import UserError

PICKLED_FOLDER = "cifar-10-batches-py"  # used by torchvision and Keras
SECONDS = 900.0  # limit for 170 MB; long, because there is no other source to try


class CIFAR10(ImageData):
    """CIFAR-10: 50,000 training and 10,000 test images of ten classes, 3 x 32 x 32, with values in [-1, 1].

    The source "auto" tries in this order: the binary files (cifar-10-batches-bin) under root or root itself, their
    archive (cifar-10-binary.tar.gz) under root, torchvision's pickled files (cifar-10-batches-py), and the archive at
    its official address. A file that exists but differs from the published one is always an error. Pickled files are
    parsed without executing them.

    Attributes:
        files: Five training files and the test file, with their digests.
        archive: Archive of the binary files.

    Args:
        root: Folder of the files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: Images per batch and device, at least 1.
        validation: Number of the last training images that form the validation split, at least 0; 0 leaves it
            empty.
        source: Source of the images; "auto" tries all sources in order.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.

    Raises:
        ValueError: If `source` is unknown, or no training image is left.
    """

    name = "cifar10"
    data_shape = (3, 32, 32)
    value_range = (-1.0, 1.0)
    num_classes = 10
    sources = ("auto", "files", "mirrors")
    files: ClassVar[tuple[BatchFile, ...]] = (
        BatchFile("data_batch_1", "aadd24acce27caa71bf4b10992e9e7b2d74c2540", "c99cafc152244af753f735de768cd75f"),
        BatchFile("data_batch_2", "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795", "d4bba439e000b95fd0a9bffe97cbabec"),
        BatchFile("data_batch_3", "1dd00a74ab1d17a6e7d73e185b69dbf31242f295", "54ebc095f3ab1f0389bbae665268c751"),
        BatchFile("data_batch_4", "aab85764eb3584312d3c7f65fd2fd016e36a258e", "634d18415352ddfa80567beed471001a"),
        BatchFile("data_batch_5", "26e2849e66a845b7f1e4614ae70f4889ae604628", "482c414d41f54cd18b22e5b47cb7c3cb"),
        BatchFile("test_batch", "67eb016db431130d61cd03c7ad570b013799c88c", "40351d587109b95175f43aff81a1287e"),
    )  # fmt: skip
    archive: ClassVar[Archive] = Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        size=170_052_171,
        md5="c32a1d4ab5d03f1284b67883e8d87530",
    )

    @check_arguments
    def __init__(
        self,
        root: str = "data",
        batch_size: Count = 100,
        validation: CountOrZero = 5_000,
        source: Literal["auto", "files", "mirrors"] = "auto",
        seed: Seed | None = None,
    ) -> None:
        super().__init__(batch_size, seed)
        if source not in self.sources:
            raise UserError(f"source is {source!r}: set it to one of {', '.join(self.sources)}.")
        n = sum(spec.n for spec in self.files[:-1])
        if validation >= n:
            raise UserError(
                f"validation is {validation} of {n:,} training images: set it to less than {n:,}."
            )
        self.root = home_folder.find_data_folder(root)
        self.validation, self.source = validation, source

    def load(self, *, fetch: bool) -> Splits:
        """Load and verify the splits, in the order of the files.

        Raises:
            ValueError: If a file exists but differs from the published one.
            NotADirectoryError: If `root` is a file.
            FileNotFoundError: If files are missing and `source` cannot provide them.
        """
        if self.root.exists() and not self.root.is_dir():
            raise NotADirectoryError(f"data.root is {self.root}, a file: give a folder.")
        batches, where = self._read(self.files)
        missing = [spec for spec in self.files if spec.name not in batches]
        failure = ""
        if missing and fetch and self.source != "files":
            failure = self._fetch(missing)
            fetched, there = self._read(missing)
            batches |= fetched
            where |= {f"{folder}, fetched from {self.archive.url}" for folder in there}
        if len(batches) < len(self.files):
            raise FileNotFoundError(self._advice([spec.name for spec in missing], failure))
        return self._split_up(batches, where)

    def _read(self, specs: Iterable[BatchFile]) -> tuple[dict[str, Tensor], set[str]]:
        """Read and verify the files that exist; return their records, and their folders or archive."""
        batches, where, packed = {}, set(), []
        archive = find_first([self.root / self.archive.name])
        for spec in specs:
            binary = find_first([self.root / f / f"{spec.name}.bin" for f in (FOLDER, ".")])
            pickled = find_first([self.root / f / spec.name for f in (PICKLED_FOLDER, ".")])
            if binary is not None:
                batches[spec.name] = read_binary(binary, spec)
                where.add(str(binary.parent))
            elif archive is not None:
                packed.append(spec)
            elif pickled is not None:
                batches[spec.name] = read_pickled(pickled, spec)
                where.add(str(pickled.parent))
        if packed and archive is not None:
            batches |= read_archive(archive, packed, self.archive)
            where.add(str(archive))
        return batches, where

    def _fetch(self, specs: Iterable[BatchFile]) -> str:
        """Download missing files into their folder under root; return the reason of a failure, or an empty text."""
        specs, url = list(specs), self.archive.url
        rank_zero_info(
            f"CIFAR-10: {', '.join(spec.name for spec in specs)} not under {self.root}; trying {url}"
            f" for up to {SECONDS:.0f} s."
        )
        try:
            packed = download_bytes(url, self.archive.size + 1, SECONDS)
            raws = read_members(io.BytesIO(packed), specs, self.archive)
            for spec in specs:
                write_files(self.root / FOLDER, spec, raws[spec.name])
        except (OSError, HTTPException, ValueError) as error:
            reason = f"{url}: {getattr(error, 'reason', error) or type(error).__name__}"
            rank_zero_info(f"CIFAR-10: {reason}")
            return reason
        return ""

    def _split_up(self, batches: dict[str, Tensor], where: set[str]) -> Splits:
        train = torch.cat([batches[spec.name] for spec in self.files[:-1]])
        n = len(train) - self.validation
        parts: dict[Split, Tensor] = {"train": train[:n], "val": train[n:]}
        parts["test"] = batches[self.files[-1].name]
        splits: Splits = {
            split: (part[:, 1:].reshape(-1, *self.data_shape), part[:, 0].long())
            for split, part in parts.items()
            if len(part)
        }
        sizes = ", ".join(f"{len(labels):,} {split}" for split, (_, labels) in splits.items())
        origin = f"the files in {' and '.join(sorted(where))}, each checked by its digest"
        self.provenance = f"CIFAR-10, 32x32 colour images: {sizes}; from {origin}."
        return splits

    def val_dataloader(self) -> BatchLoader:
        """Return validation batches in order; none if `validation` is 0."""
        if self.validation:
            return super().val_dataloader()
        images, labels = self._split("train")
        return BatchLoader(images[:0], labels[:0], self.batch_size, convert=self.convert)

    def _split(self, split: Split) -> tuple[Tensor, Tensor]:
        if split == "val" and self._splits and not self.validation:
            raise UserError(
                "CIFAR-10 has no validation split, because data.validation is 0: set data.validation to"
                " 5000, or use the test split."
            )
        return super()._split(split)

    def _advice(self, names: list[str], failure: str) -> str:
        why = f" ({failure})" if failure else ""
        other = "; or set data.source to auto" if self.source == "files" else ""
        return (
            f"CIFAR-10 is incomplete: {', '.join(names)} not found under {self.root}{why}. Put"
            f" {self.archive.name} there, or an unpacked folder, {FOLDER} or {PICKLED_FOLDER}{other}."
        )
