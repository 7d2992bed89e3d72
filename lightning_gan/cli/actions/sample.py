"""Commands that need no Trainer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from torch import Tensor

from lightning_gan.analysis import latent_space
from lightning_gan.arguments import Count, CountFromTwo, CountOrZero, Seed, check_arguments
from lightning_gan.checkpoints.load import find_display_range, load
from lightning_gan.image_files import manifest
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_disk, check_memory

BLOCK = 4096  # bytes that a file takes at least


@runtime_checkable
class ClassConditional(Protocol):
    """A model whose G is told a class."""

    classes: int

    def sample_classes(self, classes: Sequence[int], seed: int = 0) -> Tensor:
        """A sample of each of these classes."""


@check_arguments
def sample(
    ckpt_path: str,
    num_samples: Count = 64,
    out: str = "samples",
    seed: Seed = 0,
    columns: Count | None = None,
    classes: list[CountOrZero] | None = None,
) -> None:
    """Draw samples of a trained generator: PNG files and a grid of them. Needs no data.

    The file samples.json in the folder lists them, so that `evaluate --samples` scores these files and no older ones.

    Args:
        ckpt_path: A checkpoint of this suite.
        num_samples: Number of samples, at least 1.
        out: Folder for the images; it is made. Files of the same names are replaced.
        seed: Of the noise, 0 to 2^32 - 1: the same seed gives the same images.
        columns: Of the grid, at least 1; as many as there are classes to draw, or 8, if it is not given.
        classes: To draw in turn, such as 3 or 3,5, each at least 0; all in turn if it is not given. Of a GAN that
            is told classes.
    """
    gan = load(ckpt_path)
    shown = find_display_range(gan, ckpt_path)
    check_room(gan, num_samples, f"{num_samples:,} samples", "give a smaller --num_samples")
    instead = "give a smaller --num_samples or another --out"
    check_disk(num_samples * BLOCK, Path(out), f"{num_samples:,} images", instead)
    message = gan if isinstance(gan, ClassConditional) else None
    if classes and message is None:
        raise UserError(
            f"{ckpt_path} is a {type(gan).__name__}, which is told no classes: leave out --classes."
        )
    asked = classes or list(range(message.classes if message else 8))
    x = (
        message.sample_classes([asked[i % len(asked)] for i in range(num_samples)], seed)
        if message and classes
        else gan.sample(num_samples, seed)
    )
    columns = columns or (len(asked) if len(asked) > 1 else 8)
    folder = Path(out)
    grid = folder.with_name(f"{folder.name}_grid.png")
    image_bytes = images.to_uint8(x, shown)
    files = [
        images.save_image(image, folder / f"{i:06d}.png") for i, image in enumerate(image_bytes)
    ]
    listed = {path.name: manifest.hash_file(path) for path in files}
    manifest.write_manifest(folder, manifest.Manifest(ckpt_path, gan.g_updates, seed, listed))
    images.save_image(images.make_image_grid(image_bytes, columns, scale=2), grid)
    print(
        f"{num_samples} samples (step {gan.g_updates}, seed {seed}) in {folder}, and all of them in {grid}"
    )
    if more := manifest.find_unlisted(folder, listed):
        print(
            f"{more:,} other images are in {folder}: `evaluate --samples` scores only the {num_samples} that "
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
    """Draw a trained generator on the way from one z to another: an image of rows. Needs no data.

    Under a Gaussian prior the way is a great circle, under another one a straight line.

    Args:
        ckpt_path: A checkpoint of this suite.
        rows: How many ways, at least 1.
        columns: Images on each of them, ends included, at least 2.
        seed: Of the noise, 0 to 2^32 - 1: row i leads from sample i to sample rows + i of
            `sample --num_samples` 2 * rows.
        out: File of the image; its folder is made.
    """
    gan = load(ckpt_path)
    shown = find_display_range(gan, ckpt_path)
    n = rows * columns
    check_room(gan, n, f"{rows:,} rows of {columns:,} images", "give fewer --rows or --columns")
    x = latent_space.interpolate(gan, rows, columns, seed)
    image = images.make_image_grid(images.to_uint8(x.flatten(0, 1), shown), columns, scale=2)
    print(
        f"{rows} ways through z (step {gan.g_updates}, seed {seed}) in "
        f"{images.save_image(image, images.png_path(out))}"
    )


def check_room(gan: AdversarialModel, n: int, what: str, instead: str) -> None:
    """Refuse more images than fit in memory: as noise, as floats, as bytes, and in a grid of twice the size.

    Raises:
        ValueError: with both amounts of memory.
    """
    channels, height, width = gan.generator.data_shape
    values, pixels = channels * height * width, height * width
    check_memory(n * (4 * gan.generator.z_dim + 5 * values + 12 * pixels), what, instead)
