"""Where Inception's weights lie, and how they are read. Nothing in a file of weights is ever run."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from lightning_gan.feature_extractors.base import WeightsError, hash_tensors
from lightning_gan.feature_extractors.cache import cache_folder, in_folder
from lightning_gan.feature_extractors.inception_layers import NORM
from lightning_gan.feature_extractors.torchscript_archive import LAYERS

TRUNK = "db4e3053f76d5048fe97ccf0eb151720c5828c975f530ea182a0b9334ab74918"
"""Digest of the published network without its last layer: 470 tensors under torch-fidelity's names."""
TRUNK_NAMES = frozenset(
    f"{layer}.{part}" for layer in LAYERS for part in ("conv.weight", *(f"bn.{n}" for n in NORM))
)
ADVICE = "run `python -m lightning_gan download --weights`, or name a file in LIGHTNING_GAN_WEIGHTS"


def load_inception(given: str | None) -> tuple[dict[str, Tensor], Path]:
    """Tensors of the first file there is, and its path; nothing is downloaded.

    The one given comes first, then LIGHTNING_GAN_WEIGHTS (a file, or a folder that has it), then the
    cache. A file that was named may hold other weights than the published ones, the cache may not.

    Raises:
        WeightsError: saying what to do if there is none, or it is damaged or not what it should be.
    """
    for what, named in (
        ("weights", given),
        ("LIGHTNING_GAN_WEIGHTS", os.environ.get("LIGHTNING_GAN_WEIGHTS")),
    ):
        if named:
            path = in_folder(Path(named).expanduser())
            if not path.is_file():
                raise WeightsError(
                    f"{what} names {path}, which is no file: correct it, or leave it out and {ADVICE}."
                )
            return read_weights(path), path
    path = in_folder(cache_folder())
    if not path.is_file():
        raise WeightsError(f"Inception's weights are not in {cache_folder()}: {ADVICE}.")
    tensors = read_weights(path)
    if not is_published(tensors):
        raise WeightsError(f"{path} has other weights than the published ones: {ADVICE}.")
    return tensors, path


def is_published(tensors: Mapping[str, Tensor]) -> bool:
    """Whether all but the last layer equals, bit for bit, the network that FID is defined with."""
    return hash_tensors({name: tensors[name] for name in TRUNK_NAMES & tensors.keys()}) == TRUNK


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a file, by name, on the CPU.

    Raises:
        WeightsError: if it cannot be read, is damaged, or holds something else.
    """
    try:
        with path.open("rb") as file:
            return read_open(file, str(path))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error


def read_open(file: BinaryIO, what: str) -> dict[str, Tensor]:
    """Like `read_weights`, of a file that is open.

    Args:
        file: the bytes.
        what: it is, for messages.

    Raises:
        WeightsError: as there.
    """
    try:
        if zipfile.is_zipfile(file):  # PyTorch itself does not look at the checksums
            with zipfile.ZipFile(file) as archive:
                damaged = archive.testzip()
            if damaged:
                raise zipfile.BadZipFile(f"the checksum of {damaged} is another")
        file.seek(0)
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a pickle of something else fails in ways of its own
        first = (str(error).splitlines() or ["it breaks off"])[0].split(". ")[0]
        raise WeightsError(f"{what} is no file of weights, or is damaged: {first}") from error
    named = isinstance(tensors, dict) and all(isinstance(name, str) for name in tensors)
    if not named or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise WeightsError(f"{what} holds something else than named tensors: {ADVICE}.")
    return dict(tensors)


def check_tensors(
    tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]], where: str, advice: str
) -> None:
    """Tensors must have these names and shapes, in finite float32; more of them do no harm.

    Raises:
        WeightsError: naming the first that has not, and where it is from, with the advice.
    """
    for name, shape in shapes.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise WeightsError(f"{where} lacks {name} of {list(shape)}: {advice}")
        if tensor.shape != shape or tensor.dtype != torch.float32:
            came = f"{list(tensor.shape)}, {tensor.dtype}"
            raise WeightsError(f"{where} has {name} of {came} instead of {list(shape)}: {advice}")
        if not tensor.isfinite().all():
            raise WeightsError(f"{where} has numbers in {name} that are not finite: {advice}")
