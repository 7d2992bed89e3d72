"""TensorFlow's Inception-v3 of 2015-12-05, which defines published values of FID, KID and the Inception Score.

Vectors are the input of the last layer (2048, averaged over 8x8 positions), as in Heusel et al. (2017). Logits are the
1008 "unbiased" ones of torch-fidelity, the last layer without its bias, as in TensorFlow's graph for the Inception
Score. The values equal torch-fidelity's up to float32 rounding.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_gan.feature_extractors.base import (
    FeatureExtractor,
    FeatureExtractorConfig,
    Features,
    WeightsError,
    check_images,
    hash_tensors,
)
from lightning_gan.feature_extractors.inception_blocks import Trunk
from lightning_gan.feature_extractors.precision import exact_float32
from lightning_gan.feature_extractors.resize import resize_tensorflow1
from lightning_gan.feature_extractors.weights import check_tensors, load_inception

SIZE = 299
LAST_LAYER = "fc.weight"
# Batch sizes: small enough for a CPU's cache and memory, large enough that cores seldom wait for each other.
PER_CORE, MOST = 16, 64
ON_DEVICE = 128
_WANTED = (
    "give the Inception-v3 of 2015-12-05 in torch-fidelity's format, in float32, or download it with "
    "`python -m lightning_gan download --weights`."
)


@dataclass
class InceptionConfig(FeatureExtractorConfig):
    """Features of published FID, KID and Inception Score values: 2048 features of Inception-v3.

    Args:
        weights: File with the weights, under torch-fidelity's names; None: LIGHTNING_GAN_WEIGHTS,
            then the cache, which `python -m lightning_gan download --weights` fills.
    """

    weights: str | None = None

    name = "inception"
    suffix = ""

    def load(self) -> "InceptionV3":
        """Load the network with the weights on this machine; nothing is downloaded.

        Raises:
            WeightsError: The weights are missing, or are not those of this network.
        """
        tensors, path = load_inception(self.weights)
        return InceptionV3(tensors, str(path))


class InceptionV3(FeatureExtractor):
    """Inception-v3 with TensorFlow's pooling and resizing; frozen, always in evaluation mode.

    `weights` is the hash of the 470 tensors of its convolutions and of `fc.weight` if it is there; the bias of the
    last layer and BatchNorm's counters are not used.

    Args:
        tensors: Weights, float32, under torch-fidelity's names; others are ignored.
        where: Source of the weights, for messages.

    Raises:
        WeightsError: A tensor is missing, of another shape or dtype, or not finite.
    """

    name = "inception"
    dim = 2048
    resize = "bilinear as TensorFlow 1 does, to 299x299"
    last: Tensor | None

    def __init__(self, tensors: Mapping[str, Tensor], where: str = "the weights given") -> None:
        super().__init__()
        self.trunk = Trunk()
        self._take(tensors, where)

    def _take(self, tensors: Mapping[str, Tensor], where: str) -> None:
        shapes = self.trunk.shapes()
        if LAST_LAYER in tensors:
            shapes[LAST_LAYER] = (1008, self.dim)
        check_tensors(tensors, shapes, where, _WANTED)
        self.weights = hash_tensors({name: tensors[name] for name in shapes})
        for conv in self.trunk.convolutions():
            conv.fold(tensors)
            if (
                not conv.weight.isfinite().all()
            ):  # the tensors are finite, so a variance is negative
                names = " or ".join(conv.sources)
                raise WeightsError(f"{where} has a negative variance in {names}: {_WANTED}")
        self.register_buffer("last", tensors[LAST_LAYER] if LAST_LAYER in tensors else None)
        self.classes = None if self.last is None else len(self.last)
        self.eval()

    @torch.no_grad()
    def forward(self, images: Tensor) -> Features:
        """Compute vectors, [m, 2048], and unbiased logits, [m, 1008], in batches that suit the device.

        Args:
            images: Images of any size, uint8, [m, 1, H, W] grey or [m, 3, H, W].

        Raises:
            UserError: The images are not bytes, or have another number of channels.
        """
        check_images(images)
        with exact_float32(images.device):
            parts = images.split(_at_once(images.device))
            vectors = torch.cat([self._vectors(part) for part in parts])
            return Features(vectors, None if self.last is None else vectors @ self.last.T)

    def _vectors(self, images: Tensor) -> Tensor:
        x = resize_tensorflow1(images.float(), SIZE).sub_(128).mul_(1 / 128)
        # grey images get three equal channels; channels-last memory for the convolutions
        x = x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        vectors: Tensor = self.trunk(x).mean((2, 3))
        return vectors


def _at_once(device: torch.device) -> int:
    return min(PER_CORE * torch.get_num_threads(), MOST) if device.type == "cpu" else ON_DEVICE
