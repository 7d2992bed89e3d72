"""Commands `sample` and `interpolate`: generate images from a checkpoint, without data and Trainer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from torch import Tensor

from lightning_gan.analysis import latent_space
from lightning_gan.arguments import Count, CountFromTwo, CountOrZero, Seed, check_arguments
from lightning_gan.checkpoints.load import find_display_range, load
from lightning_gan.image_files import manifest
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.noise import require_noise
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_disk, check_memory

BLOCK = 4096  # minimum size of a file on disk, in bytes


@runtime_checkable
class ClassConditional(Protocol):
    """Model whose generator is conditioned on a class."""

    classes: int

    def sample_classes(self, classes: Sequence[int], seed: int = 0) -> Tensor:
        """Generate one image for each class in the list."""


@check_arguments
def sample(
    ckpt_path: str,
    num_samples: Count = 64,
    out: str = "samples",
    seed: Seed = 0,
    columns: Count | None = None,
    classes: list[CountOrZero] | None = None,
) -> None:
    """Generate images from a checkpoint, and write them as PNG files and as a grid.

    The file samples.json in the folder lists the images, so that `evaluate --samples` ignores older files.

    Args:
        ckpt_path: Checkpoint of the model.
        num_samples: Number of images, at least 1.
        out: Folder for the images; created if missing. Files of the same names are overwritten.
        seed: Random seed for the noise, 0 to 2^32 - 1.
        columns: Number of columns of the grid, at least 1; the number of classes, or 8, if None.
        classes: Classes to generate in turn, each at least 0; all if None. Only for class-conditional models.

    Raises:
        UserError: The checkpoint or an argument is wrong, or memory or disk space does not suffice.
    """
    gan = require_noise(load(ckpt_path))
    display_range = find_display_range(gan, ckpt_path)
    check_image_memory(gan, num_samples, f"{num_samples:,} samples", "give a smaller --num_samples")
    instead = "give a smaller --num_samples or another --out"
    check_disk(num_samples * BLOCK, Path(out), f"{num_samples:,} images", instead)
    conditional = gan if isinstance(gan, ClassConditional) else None
    if classes and conditional is None:
        raise UserError(
            f"{ckpt_path} is a {type(gan).__name__}, which is not class-conditional: leave out --classes."
        )
    chosen = classes or list(range(conditional.classes if conditional else 8))
    x = (
        conditional.sample_classes([chosen[i % len(chosen)] for i in range(num_samples)], seed)
        if conditional and classes
        else gan.sample(num_samples, seed)
    )
    columns = columns or (len(chosen) if len(chosen) > 1 else 8)
    folder = Path(out)
    grid = folder.with_name(f"{folder.name}_grid.png")
    image_bytes = images.to_uint8(x, display_range)
    files = [
        images.save_image(image, folder / f"{i:06d}.png") for i, image in enumerate(image_bytes)
    ]
    listed = {path.name: manifest.hash_file(path) for path in files}
    manifest.write_manifest(folder, manifest.Manifest(ckpt_path, gan.g_updates, seed, listed))
    images.save_image(images.make_image_grid(image_bytes, columns, scale=2), grid)
    print(
        f"{num_samples} samples (step {gan.g_updates}, seed {seed}) in {folder}, and as a grid in {grid}"
    )
    if more := manifest.find_unlisted(folder, listed):
        print(
            f"{more:,} other images are in {folder}: `evaluate --samples` uses only the {num_samples} that "
            f"{manifest.NAME} lists."
        )


@check_arguments
def interpolate(
    ckpt_path: str,
    rows: Count = 8,
    columns: CountFromTwo = 10,
    seed: Seed = 0,
    out: str = "interpolation.png",
) -> None:
    """Generate images between pairs of latent vectors, and write them as one PNG file with a row per pair.

    Latent vectors are interpolated on a great circle under a Gaussian prior, and on a straight line otherwise.

    Args:
        ckpt_path: Checkpoint of the model.
        rows: Number of pairs, at least 1.
        columns: Number of images per pair, both ends included, at least 2.
        seed: Random seed for the noise, 0 to 2^32 - 1. Row i connects images i and rows + i of
            `sample --num_samples` 2 * rows.
        out: PNG file to write; its folder is created if missing.

    Raises:
        UserError: The checkpoint or an argument is wrong, or the images do not fit in memory.
    """
    gan = require_noise(load(ckpt_path))
    display_range = find_display_range(gan, ckpt_path)
    n = rows * columns
    check_image_memory(
        gan, n, f"{rows:,} rows of {columns:,} images", "give fewer --rows or --columns"
    )
    x = latent_space.interpolate_samples(gan, rows, columns, seed)
    image = images.make_image_grid(
        images.to_uint8(x.flatten(0, 1), display_range), columns, scale=2
    )
    print(
        f"{rows} interpolations (step {gan.g_updates}, seed {seed}) in "
        f"{images.save_image(image, images.check_png_path(out))}"
    )


def check_image_memory(gan: AdversarialModel, n: int, what: str, instead: str) -> None:
    """Check that images fit in memory: noise, floats, bytes, and a grid of twice the size.

    Args:
        gan: Model that generates the images.
        n: Number of images.
        what: Subject of the error message, in the plural.
        instead: Advice in the error message.

    Raises:
        UserError: The images need more memory than the machine has.
    """
    channels, height, width = gan.generator.data_shape
    values, pixels = channels * height * width, height * width
    check_memory(n * (4 * gan.generator.z_dim + 5 * values + 12 * pixels), what, instead)
