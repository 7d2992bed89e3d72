"""Interface of feature extractors, from images as bytes to vectors, and the hash of their weights."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lightning_gan.utils.errors import UserError


class WeightsError(UserError):
    """Error of missing or wrong weights; the message says what to do."""


class Features(NamedTuple):
    """Features of m images.

    Attributes:
        vectors: Vectors, float32, [m, dim].
        logits: Class logits, float32, [m, classes]; None if the weights have no last layer.
    """

    vectors: Tensor
    logits: Tensor | None


class FeatureExtractor(nn.Module, ABC):
    """Network from images to vectors: frozen, in evaluation mode, in float32 at any precision of the run.

    Attributes:
        name: Name of the feature space: inception, dinov2-vit-l-14, classifier-mnist.
        dim: Length of a vector.
        classes: Number of logits; None if the weights have no last layer.
        resize: Preprocessing of an image before the first layer, for the protocol.
        weights: Sha256 of the tensors in use, hexadecimal, independent of the file.
    """

    name: str
    dim: int
    classes: int | None
    resize: str
    weights: str

    @property
    def device(self) -> torch.device:
        """Device of the network, whose tensors may be parameters or buffers."""
        return next(chain(self.parameters(), self.buffers())).device

    @abstractmethod
    def forward(self, images: Tensor) -> Features:
        """Compute vectors and logits of images.

        Args:
            images: Images, uint8, [m, 1, H, W] grey or [m, 3, H, W].

        Raises:
            UserError: The images are not bytes, or have another number of channels.
        """


class FeatureExtractorConfig(ABC):
    """Settings of a feature extractor for configs; `load` reads the weights.

    Attributes:
        name: Name of the feature space.
        suffix: Suffix of the score names; empty for Inception, whose scores have their published names.
    """

    name: str
    suffix: str

    @abstractmethod
    def load(self) -> FeatureExtractor:
        """Load the network with its weights, on the CPU.

        Raises:
            WeightsError: The weights are missing or wrong.
        """


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Compute the sha256 of named tensors: sorted names, each with dtype, shape and bytes; hexadecimal."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.view(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def check_images(images: Tensor) -> None:
    """Check that images are bytes with one or three channels.

    Raises:
        UserError: The dtype or the shape is wrong.
    """
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
        raise UserError(
            f"The feature extractor got images of {images.dtype}, {list(images.shape)}: give "
            f"bytes (uint8), [m, 1, H, W] or [m, 3, H, W]."
        )
