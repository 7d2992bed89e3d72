"""The user's own images of two domains: unpaired, as CycleGAN reads them, or in pairs, as pix2pix reads them."""

from functools import partial
from pathlib import Path
from typing import Annotated

from torch import Tensor

from datamodules.domain_files import choose_held_out, cut_pair, read_all, refuse_different_names
from datamodules.in_memory import Split
from datamodules.two_domains import Domains, TwoDomains
from lightning_gan.arguments import Count, Domain, OpenShare, Seed, Size, check_arguments
from lightning_gan.image_files import check_utf8, crop_square, find_images, to_printable
from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_memory

Channels = Annotated[int, Domain(1, 3, whole=True)]
SMALLEST = 16  # pixels of a side


class DomainFolders(TwoDomains):
    """Images of two domains in folders, of any size: cut to squares, scaled, held in memory as bytes.

    See `UnpairedFolders` for the arguments.
    """

    def __init__(
        self,
        root: str,
        batch_size: int,
        load_size: int,
        crop_size: int,
        channels_a: int,
        channels_b: int,
        flip: bool,
        validation: float,
        seed: int | None,
        split_seed: int,
    ) -> None:
        super().__init__(batch_size, flip, seed)
        for letter, channels in (("a", channels_a), ("b", channels_b)):
            if channels == 2:
                raise UserError(f"channels_{letter} is 2: give 1 channel (grey) or 3 (colour).")
        if not SMALLEST <= crop_size <= load_size:
            raise UserError(
                f"crop_size is {crop_size} and load_size {load_size}: give {SMALLEST} pixels or more, and a crop that "
                f"is no larger than the loaded image."
            )
        check_utf8(root)
        self.root = Path(home_folder.expand_home(root))
        self.name = to_printable(self.root.resolve().name)
        self.load_size, self.validation, self.split_seed = load_size, validation, split_seed
        self.input_shape = (channels_a, crop_size, crop_size)
        self.data_shape = (channels_b, crop_size, crop_size)

    def read(self, folder: Path, channels: int) -> tuple[Tensor, list[bytes], list[str]]:
        """Read all images of a folder: uint8 [n, channels, load_size, load_size], digests, file names.

        Raises:
            UserError: There is no image, one cannot be read, or they do not fit into memory.
        """
        found = find_images(folder)
        check_memory(
            2 * len(found.files) * channels * self.load_size**2,
            f"{len(found.files):,} images of {folder.name}", "set a smaller data.load_size",
        )  # fmt: skip
        work = partial(crop_square, size=self.load_size, channels=channels)
        images, digests = read_all(found.files, work)
        return images, digests, [path.name for path in found.files]

    def split_training(
        self, images: tuple[Tensor, Tensor], digests: tuple[list[bytes], list[bytes]]
    ) -> Domains:
        """Divide the training images of both domains into training and validation images."""
        parts: dict[Split, list[Tensor]] = {"train": [], "val": []}
        for side, known in zip(images, digests, strict=True):
            held = choose_held_out(known, self.validation, self.split_seed)
            parts["train"].append(side[~held])
            parts["val"].append(side[held])
        return {split: (a, b) for split, (a, b) in parts.items()}

    def describe(self, splits: Domains) -> None:
        """Set `provenance`."""
        counts = ", ".join(f"{len(a):,} + {len(b):,} {split}" for split, (a, b) in splits.items())
        kind = "pairs" if self.paired else "unpaired images"
        size = f"{self.data_shape[1]}x{self.data_shape[2]}"
        self.provenance = f"{self.name}, {size} {kind} of A + B: {counts}; from {self.root}."


class UnpairedFolders(DomainFolders):
    """Unpaired images in `trainA`, `trainB`, `testA` and `testB`, the folders of Zhu et al. (2017).

    Each image is cut to its largest square in the middle and scaled to `load_size`; training cuts a random square of
    `crop_size` out of it. The released code scales without cutting, which distorts images that are not square.

    Args:
        root: Folder that holds the four folders. The data have its name.
        batch_size: Images of each domain in a batch of one device, at least 1.
        load_size: Side of the stored images, in pixels, 1 to 2^20.
        crop_size: Side of the images that the networks read, in pixels, 1 to 2^20; at least 16, at most `load_size`.
        channels_a: Channels of A: 1 (grey) or 3 (colour).
        channels_b: Channels of B: 1 (grey) or 3 (colour).
        flip: Whether training mirrors each image with probability 1/2.
        validation: Expected share of the training images that is held out, above 0 and below 1; chosen by a hash of
            each file. The released code holds out none.
        seed: Seed of the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        split_seed: Seed of the choice of validation images, 0 to 2^32 - 1.

    Raises:
        UserError: A folder is missing or empty, a size is impossible, or an image cannot be read.
    """

    @check_arguments
    def __init__(
        self,
        root: str,
        batch_size: Count = 1,
        load_size: Size = 286,
        crop_size: Size = 256,
        channels_a: Channels = 3,
        channels_b: Channels = 3,
        flip: bool = True,
        validation: OpenShare = 0.1,
        seed: Seed | None = None,
        split_seed: Seed = 0,
    ) -> None:
        super().__init__(
            root, batch_size, load_size, crop_size, channels_a, channels_b, flip, validation, seed, split_seed
        )  # fmt: skip

    def load(self, *, fetch: bool) -> Domains:
        """Read the four folders."""
        channels = (self.input_shape[0], self.data_shape[0])
        train = [self.read(self.root / f"train{s}", c) for s, c in zip("AB", channels, strict=True)]
        test = [self.read(self.root / f"test{s}", c) for s, c in zip("AB", channels, strict=True)]
        (a, digests_a, _), (b, digests_b, _) = train
        splits = self.split_training((a, b), (digests_a, digests_b))
        splits["test"] = (test[0][0], test[1][0])
        self.describe(splits)
        return splits


class PairedFolders(DomainFolders):
    """Pairs of images: side by side in one file (A left, B right) in `train` and `test`, or in four folders.

    Four folders are `trainA`, `trainB`, `testA` and `testB` with the same file names in A and B. Crops and flips of a
    pair are the same for both images.

    Args:
        root: Folder that holds `train` and `test`, or the four folders. The data have its name.
        batch_size: Pairs in a batch of one device, at least 1.
        load_size: Side of the stored images, in pixels, 1 to 2^20.
        crop_size: Side of the images that the networks read, in pixels, 1 to 2^20; at least 16, at most `load_size`.
        channels_a: Channels of A: 1 (grey) or 3 (colour).
        channels_b: Channels of B: 1 (grey) or 3 (colour).
        flip: Whether training mirrors each pair with probability 1/2.
        validation: Expected share of the training pairs that is held out, above 0 and below 1.
        seed: Seed of the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        split_seed: Seed of the choice of validation pairs, 0 to 2^32 - 1.

    Raises:
        UserError: A folder is missing or empty, names do not match, a size is impossible, or an image cannot be read.
    """

    paired = held_out_pairs = True

    @check_arguments
    def __init__(
        self,
        root: str,
        batch_size: Count = 1,
        load_size: Size = 286,
        crop_size: Size = 256,
        channels_a: Channels = 3,
        channels_b: Channels = 3,
        flip: bool = True,
        validation: OpenShare = 0.1,
        seed: Seed | None = None,
        split_seed: Seed = 0,
    ) -> None:
        super().__init__(
            root, batch_size, load_size, crop_size, channels_a, channels_b, flip, validation, seed, split_seed
        )  # fmt: skip

    def load(self, *, fetch: bool) -> Domains:
        """Read the pairs of both splits."""
        a, b, digests = self._read_pairs("train")
        splits = self.split_training((a, b), (digests, digests))
        splits["test"] = self._read_pairs("test")[:2]
        self.describe(splits)
        return splits

    def _read_pairs(self, split: str) -> tuple[Tensor, Tensor, list[bytes]]:
        if not (self.root / split).is_dir() and (self.root / f"{split}A").is_dir():
            a, digests, names = self.read(self.root / f"{split}A", self.input_shape[0])
            b, _, partners = self.read(self.root / f"{split}B", self.data_shape[0])
            refuse_different_names(split, names, partners)
            return a, b, digests
        found = find_images(self.root / split)
        channels = self.input_shape[0], self.data_shape[0]
        check_memory(
            2 * len(found.files) * sum(channels) * self.load_size**2, f"{len(found.files):,} pairs",
            "set a smaller data.load_size",
        )  # fmt: skip
        work = partial(cut_pair, size=self.load_size, channels=channels)
        both, digests = read_all(found.files, work)
        a, b = both.split(channels, dim=1)
        return a.contiguous(), b.contiguous(), digests
