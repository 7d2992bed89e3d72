"""Find and read Inception's weights; no code in a file of weights is executed."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from lightning_gan.feature_extractors.base import WeightsError, hash_tensors
from lightning_gan.feature_extractors.cache import cache_folder, find_weights_file
from lightning_gan.feature_extractors.inception_layers import NORM
from lightning_gan.feature_extractors.torchscript_archive import LAYERS

TRUNK = "db4e3053f76d5048fe97ccf0eb151720c5828c975f530ea182a0b9334ab74918"
"""Hash of the published network without its last layer: 470 tensors under torch-fidelity's names."""
TRUNK_NAMES = frozenset(
    f"{layer}.{part}" for layer in LAYERS for part in ("conv.weight", *(f"bn.{n}" for n in NORM))
)
ADVICE = (
    "run `python -m lightning_gan download --weights`, or set LIGHTNING_GAN_WEIGHTS to their file"
)


def load_inception(given: str | None) -> tuple[dict[str, Tensor], Path]:
    """Load Inception's weights from the first available file; nothing is downloaded.

    The order is `given`, LIGHTNING_GAN_WEIGHTS (a file, or a folder with it), the cache. The first
    two may be other weights than the published ones; the cache may not.

    Args:
        given: File or folder; None or empty: not given.

    Returns:
        Tensors by name, and the path of the file.

    Raises:
        WeightsError: There is no file, or it is damaged or wrong.
    """
    for what, named in (
        ("weights", given),
        ("LIGHTNING_GAN_WEIGHTS", os.environ.get("LIGHTNING_GAN_WEIGHTS")),
    ):
        if named:
            path = find_weights_file(Path(named).expanduser())
            if not path.is_file():
                raise WeightsError(
                    f"{what} is {path}, which is not a file: correct it, or leave it out and {ADVICE}."
                )
            return read_weights(path), path
    path = find_weights_file(cache_folder())
    if not path.is_file():
        raise WeightsError(f"Inception's weights are not in {cache_folder()}: {ADVICE}.")
    tensors = read_weights(path)
    if not is_published(tensors):
        raise WeightsError(f"{path} has other weights than the published ones: {ADVICE}.")
    return tensors, path


def is_published(tensors: Mapping[str, Tensor]) -> bool:
    """Whether all tensors but the last layer equal, bit for bit, the network that defines FID."""
    return hash_tensors({name: tensors[name] for name in TRUNK_NAMES & tensors.keys()}) == TRUNK


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read tensors by name from a file, onto the CPU.

    Raises:
        WeightsError: The file cannot be read, is damaged, or has other contents.
    """
    try:
        with path.open("rb") as file:
            return read_open(file, str(path))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error


def read_open(file: BinaryIO, what: str) -> dict[str, Tensor]:
    """Read tensors by name from an open file, onto the CPU.

    Args:
        file: Open file.
        what: Name of the file, for messages.

    Raises:
        WeightsError: The file is damaged, or has other contents.
    """
    try:
        if zipfile.is_zipfile(file):  # PyTorch does not check the checksums
            with zipfile.ZipFile(file) as archive:
                damaged = archive.testzip()
            if damaged:
                raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")
        file.seek(0)
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # other bytes raise many kinds of errors
        first = (str(error).splitlines() or ["it is truncated"])[0].split(". ")[0]
        raise WeightsError(f"{what} is not a file of weights, or is damaged: {first}") from error
    named = isinstance(tensors, dict) and all(isinstance(name, str) for name in tensors)
    if not named or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise WeightsError(f"{what} does not contain named tensors: {ADVICE}.")
    return dict(tensors)


def check_tensors(
    tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]], where: str, advice: str
) -> None:
    """Check that tensors have the given names and shapes, in finite float32; others are ignored.

    Args:
        tensors: Tensors by name.
        shapes: Required shapes by name.
        where: Source of the tensors, for messages.
        advice: End of the message.

    Raises:
        WeightsError: A tensor is missing, of another shape or dtype, or not finite.
    """
    for name, shape in shapes.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise WeightsError(f"{where} lacks {name} of {list(shape)}: {advice}")
        if tensor.shape != shape or tensor.dtype != torch.float32:
            came = f"{list(tensor.shape)}, {tensor.dtype}"
            raise WeightsError(f"{where} has {name} of {came} instead of {list(shape)}: {advice}")
        if not tensor.isfinite().all():
            raise WeightsError(f"{where} has values in {name} that are not finite: {advice}")
