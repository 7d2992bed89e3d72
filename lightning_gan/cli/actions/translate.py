"""Command `translate`: translate image files with a checkpoint, without data and Trainer."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from lightning_gan.arguments import Count, check_arguments
from lightning_gan.checkpoints.load import find_display_range, load
from lightning_gan.evaluation.evaluator import choose_device
from lightning_gan.image_files import find_images, read_files, read_size, to_printable
from lightning_gan.image_files.decode import convert_mode
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.image_translation import measure_layers, translate_bytes
from lightning_gan.models.translation import Direction, TranslationModel
from lightning_gan.networks.translator import Translator
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_disk, check_memory
from lightning_gan.utils.shell_text import format_command

SMALLEST = 16  # pixels of a side
BLOCK = 4096  # minimum size of a file on disk, in bytes


@check_arguments
def translate(
    ckpt_path: str,
    input: str,
    out: str,
    direction: Direction = "a_to_b",
    batch_size: Count = 16,
) -> None:
    """Translate image files with a checkpoint, and write PNG files of the same names and sizes.

    Files that cannot be translated are named on standard error, and the others are translated.

    Args:
        ckpt_path: Checkpoint of the model.
        input: Image file, or folder of images of any size; sub-folders are read too.
        out: Folder for the images; created if missing. Files of the same names are overwritten.
        direction: Direction of the translation: a_to_b or b_to_a.
        batch_size: Number of images of one size in a forward pass, at least 1.

    Raises:
        UserError: The checkpoint or an argument is wrong, memory or disk space does not suffice, or a file cannot be
            translated.
    """
    outputs = name_outputs(Path(input), Path(out))
    model = require_translation(load(ckpt_path), ckpt_path)
    translator: Any = model.get_translator(direction)
    check_channels(translator, ckpt_path)
    value_range = find_display_range(model, ckpt_path)
    batches = list(make_batches(list(outputs), batch_size))
    check_translation_space(translator, batches, Path(out))
    translator.to(choose_device())
    Path(out).mkdir(parents=True, exist_ok=True)
    failed = sum(
        translate_files(translator, value_range, {path: outputs[path] for path in paths})
        for _, paths in batches
    )
    done = len(outputs) - failed
    if done:
        print(f"{done:,} images translated {direction} (step {model.g_updates}) in {out}")
    if failed:
        raise UserError(
            f"{failed:,} of {len(outputs):,} files were not translated: the lines above name them."
        )


def require_translation(model: AdversarialModel, ckpt_path: str) -> TranslationModel:
    """Return the model if it translates images.

    Raises:
        UserError: It does not.
    """
    if isinstance(model, TranslationModel):
        return model
    raise UserError(
        f"{ckpt_path} is a {type(model).__name__}, which does not translate images: generate images with "
        f"`{format_command('sample', '--ckpt_path', ckpt_path)}`."
    )


def check_channels(translator: Translator, ckpt_path: str) -> None:
    """Check that a translator reads and makes images that files can hold.

    Raises:
        UserError: A number of channels is neither 1 nor 3.
    """
    for channels in (translator.input_shape[0], translator.data_shape[0]):
        if channels not in (1, 3):
            raise UserError(
                f"{ckpt_path} translates images of {channels} channels, but image files have 1 (grey) or 3 (colour)."
            )


def name_outputs(source: Path, folder: Path) -> dict[Path, Path]:
    """Find the image files and name the PNG file that each is written to.

    Args:
        source: Image file, or folder of images.
        folder: Folder to write to.

    Returns:
        Output file by input file.

    Raises:
        FileNotFoundError: `source` does not exist.
        UserError: `folder` is a file or inside `source`, or two inputs have the same output.
    """
    where = to_printable(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {where} is a file: give a folder.")
    if source.is_dir():
        if folder.resolve().is_relative_to(source.resolve()):
            raise UserError(
                f"--out {where} is inside --input {to_printable(source)}: give another folder, so that the input "
                f"holds no translated images."
            )
        found = find_images(source)
        if found.ignored:
            print(f"{to_printable(source)}: ignored: {found.ignored}.")
        files, root = found.files, source
    elif source.is_file():
        files, root = (source,), source.parent
    else:
        raise FileNotFoundError(
            f"There is no file or folder {to_printable(source)}: give images as --input."
        )
    inputs: dict[Path, Path] = {}
    for path in files:
        target = (folder / path.relative_to(root)).with_name(f"{path.stem}.png")
        if (other := inputs.setdefault(target, path)) != path:
            raise UserError(
                f"{to_printable(other)} and {to_printable(path)} would both be written to {to_printable(target)}: "
                f"rename one of them."
            )
        if target.resolve() == path.resolve():
            raise UserError(f"{to_printable(path)} would be overwritten: give another --out.")
    return {path: target for target, path in inputs.items()}


def make_batches(
    files: Sequence[Path], batch_size: int
) -> Iterator[tuple[tuple[int, int], list[Path]]]:
    """Yield batches of files of one size, each with its width and height; (0, 0) for files that cannot be read."""
    groups = defaultdict(list)
    for path in files:
        groups[read_size(path)].append(path)
    for size, group in groups.items():
        for start in range(0, len(group), batch_size):
            yield size, group[start : start + batch_size]


def check_translation_space(
    translator: Translator, batches: Sequence[tuple[tuple[int, int], list[Path]]], folder: Path
) -> None:
    """Check that each batch fits in memory, and that the uncompressed translations fit on the disk.

    Raises:
        UserError: They need more memory or disk space than the machine has.
    """
    channels = translator.data_shape[0]
    # float32, twice: convolutions copy their inputs
    per_pixel = 5 * (translator.input_shape[0] + channels) + 8 * measure_layers(translator)
    n_bytes = 0
    for (width, height), paths in batches:
        pixels, n = width * height, len(paths)
        instead = "give a smaller --batch_size" if n > 1 else "make the image smaller"
        what = (
            f"{n:,} images of {width:,} x {height:,} pixels"
            if n > 1
            else f"The feature maps of {to_printable(paths[0])}"
        )
        check_memory(int(n * pixels * per_pixel), what, instead)
        n_bytes += n * max(BLOCK, pixels * channels)
    n = sum(len(paths) for _, paths in batches)
    check_disk(n_bytes, folder, f"{n:,} images", "give fewer images or another --out")


def translate_files(
    translator: Translator, value_range: tuple[float, float], outputs: Mapping[Path, Path]
) -> int:
    """Translate files of about one size, and name those that cannot be translated on standard error.

    Args:
        translator: Network in evaluation mode.
        value_range: Values of black and white.
        outputs: Output file by input file.

    Returns:
        Number of files that were not translated.
    """
    read: dict[tuple[int, ...], list[tuple[Path, np.ndarray]]] = defaultdict(list)
    failed = 0
    for file in read_files(list(outputs), partial(convert_to_array, translator=translator)):
        path = file.header.path
        if file.image is None:
            print(f"{to_printable(path)} is not translated {file.header.problem}", file=sys.stderr)
            failed += 1
        else:
            read[file.image.shape].append((outputs[path], file.image))
    for group in read.values():  # EXIF rotates some images of a batch
        stored = torch.from_numpy(np.stack([array for _, array in group]))
        for (path, _), image in zip(
            group, translate_bytes(translator, value_range, stored), strict=True
        ):
            images.save_image(image, path)
    return failed


def convert_to_array(image: Image.Image, translator: Translator) -> np.ndarray:
    """Convert an 8-bit image to bytes with the translator's channels, uint8 [C, H, W].

    Raises:
        UserError: The translator does not accept the size of the image.
    """
    width, height = image.size
    channels, *trained = translator.input_shape
    if min(width, height) < SMALLEST:
        raise UserError(
            f"it has {width} x {height} pixels: give an image of at least {SMALLEST} x {SMALLEST}"
        )
    if trained == [translator.multiple] * 2 and [height, width] != trained:
        raise UserError(
            f"it has {width} x {height} pixels, but a {type(translator).__name__} translates only the size of its "
            f"training: scale it to {trained[1]} x {trained[0]}"
        )
    array = np.asarray(convert_mode(image, "L" if channels == 1 else "RGB"))
    return array[None] if channels == 1 else array.transpose(2, 0, 1)
