"""What every feature space promises: images go in as bytes, vectors come out, and it says which weights it used."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lightning_gan.utils.errors import UserError


class WeightsError(UserError):
    """Weights of a feature network that cannot be had; the message says what to do."""


class Features(NamedTuple):
    """What a feature network says of m images.

    Attributes:
        vectors: float32, [m, dim].
        logits: of its classes, float32, [m, classes]; none where its weights have no last layer.
    """

    vectors: Tensor
    logits: Tensor | None


class FeatureExtractor(nn.Module, ABC):
    """Images to vectors: frozen, in evaluation mode, in float32 whatever the run's precision is.

    Attributes:
        name: of the space: inception, dinov2-vit-l-14, classifier-mnist.
        dim: length of a vector.
        classes: number of logits; none where the weights have no last layer.
        resize: what happens to an image before the first layer, for the protocol.
        weights: sha256 of the tensors in use, hexadecimal: the same weights from another file have the same.
    """

    name: str
    dim: int
    classes: int | None
    resize: str
    weights: str

    @property
    def device(self) -> torch.device:
        """Where it works; frozen tensors may be parameters or buffers."""
        return next(chain(self.parameters(), self.buffers())).device

    @abstractmethod
    def forward(self, images: Tensor) -> Features:
        """Vectors and logits of images.

        Args:
            images: bytes 0..255 (uint8), [m, 1, H, W] grey or [m, 3, H, W].

        Raises:
            ValueError: if they are not bytes, or have another number of channels.
        """


class FeatureExtractorConfig(ABC):
    """Which features: cheap to make and to write in a config; the weights are read by `load`.

    Attributes:
        name: of the space.
        suffix: what the names of its scores end in; empty for Inception, whose names are the field's.
    """

    name: str
    suffix: str

    @abstractmethod
    def load(self) -> FeatureExtractor:
        """The network with its weights, on the CPU.

        Raises:
            WeightsError: if the weights are nowhere to be had, or are not what they should be.
        """


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Sha256 of named tensors: names in order, each with its dtype, shape and bytes; hexadecimal."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.view(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def check_images(images: Tensor) -> None:
    """Images must be bytes, grey or of three colours.

    Raises:
        ValueError: naming dtype and shape that came.
    """
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
        raise UserError(
            f"Images of {images.dtype}, {list(images.shape)}, came to a feature network: give "
            f"bytes (uint8) of [m, 1, H, W] or [m, 3, H, W]."
        )
