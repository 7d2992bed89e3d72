"""Feature extractor with a few features, for tests."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lightning_gan.feature_extractors import (
    FeatureExtractor,
    FeatureExtractorConfig,
    Features,
    WeightsError,
)
from lightning_gan.feature_extractors.base import check_images, hash_tensors


class TinyNetwork(FeatureExtractor):
    """Mixed means of 2 x 2 blocks of an image; `seen` counts the images."""

    name, dim, resize = "tiny", 6, "mean of 2x2 blocks"

    def __init__(self, classes: int | None = 4, seed: int = 0) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        self.classes = classes
        self.register_buffer("mix", torch.randn(4, self.dim, generator=rng))
        self.register_buffer("last", torch.randn(self.dim, 4, generator=rng))
        self.weights = hash_tensors({"mix": self.mix, "last": self.last})
        self.seen = 0

    def forward(self, images: Tensor) -> Features:
        check_images(images)
        self.seen += len(images)
        blocks = nn.functional.adaptive_avg_pool2d(images.float().mean(1) / 255, 2).flatten(1)
        vectors = torch.tanh(blocks @ self.mix * 2)
        return Features(vectors, vectors @ self.last * 3 if self.classes else None)


@dataclass(frozen=True)
class TinySpace(FeatureExtractorConfig):
    """Settings of the tiny feature extractor."""

    classes: int | None = 4
    seed: int = 0
    missing: str = ""

    name = "tiny"
    suffix = "_tiny"

    def load(self) -> TinyNetwork:
        if self.missing:
            raise WeightsError(self.missing)
        return TinyNetwork(self.classes, self.seed)


def image_bytes(n: int, seed: int, low: int = 0, high: int = 256, shape=(1, 4, 4)) -> Tensor:
    """Return fixed noise, uint8 [n, *shape]."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(low, high, (n, *shape), generator=rng).to(torch.uint8)
