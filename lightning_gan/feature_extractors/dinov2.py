"""DINOv2's vectors, in which distances follow people's judgement better than in Inception's (Stein et al., 2023).

Not run with the published weights: they could not be had where this was written. What is tested, on random weights:
that images are prepared as torch-fidelity does it, bit for bit, and that the transformer equals torchvision's.
torch-fidelity itself runs code that it downloads; here the published file is only read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

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
from lightning_gan.feature_extractors.precision import exact_float32
from lightning_gan.feature_extractors.resize import resize_tensorflow1
from lightning_gan.feature_extractors.vit import VisionTransformer
from lightning_gan.feature_extractors.weights import cache_folder, check_tensors, read_weights

SIZES = {  # dim, depth, heads, gated
    "s": (384, 12, 6, False),
    "b": (768, 12, 12, False),
    "l": (1024, 24, 16, False),
    "g": (1536, 40, 24, True),
}
SIZE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, of values in [0, 1]
AT_ONCE = {"cpu": 8, "cuda": 64}  # images per pass


@dataclass
class DINOv2(FeatureExtractorConfig):
    """The space of DINOv2's class token, as torch-fidelity's `dinov2-vit-l-14` has it.

    Nothing is downloaded. The published file, such as dinov2_vitl14_pretrain.pth, is on
    https://github.com/facebookresearch/dinov2 under its pretrained backbones without registers.

    Args:
        size: of the transformer: 384, 768, 1024 or 1536 numbers.
        weights: the published file; none: that of its name in the cache folder.
    """

    size: Literal["s", "b", "l", "g"] = "l"
    weights: str | None = None
    name: str = field(init=False, repr=False)

    suffix = "_dinov2"

    def __post_init__(self) -> None:
        self.name = f"dinov2-vit-{self.size}-14"

    @property
    def file(self) -> str:
        """Its name as published, and in the cache folder."""
        return f"dinov2_vit{self.size}14_pretrain.pth"

    def load(self) -> "DINOv2Network":
        """The network with its weights.

        Raises:
            WeightsError: if there is no such file, or it holds something else.
        """
        given = self.weights
        path = (cache_folder() / self.file if given is None else Path(given)).expanduser()
        if not path.is_file():
            raise WeightsError(
                f"DINOv2's weights are not at {path}: get {self.file} from "
                f"https://github.com/facebookresearch/dinov2 and put it there, or give its path."
            )
        with torch.device("meta"):
            transformer = VisionTransformer(*SIZES[self.size])
        return DINOv2Network(transformer, read_weights(path), self.name, str(path))


class DINOv2Network(FeatureExtractor):
    """A vision transformer with published weights; frozen.

    Its `weights` are the digest of the tensors that it uses; the mask's token, of training, is none of them.

    Args:
        transformer: of any size; its own weights are not used.
        tensors: float32, under the published names; what it does not use is ignored.
        name: of the space.
        where: the tensors are from, for messages.

    Raises:
        WeightsError: naming the first tensor that is missing, of another kind, or not finite.
    """

    classes = None
    resize = "bilinear as TensorFlow 1 does, to 224x224"
    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        transformer: VisionTransformer,
        tensors: Mapping[str, Tensor],
        name: str,
        where: str = "the weights given",
    ) -> None:
        super().__init__()
        shapes = {key: tuple(like.shape) for key, like in transformer.state_dict().items()}
        check_tensors(tensors, shapes, where, f"give the published weights of {name}.")
        used = {key: tensors[key] for key in shapes}
        transformer.load_state_dict(used, assign=True)
        self.transformer = transformer.requires_grad_(False)
        self.name, self.dim = name, transformer.norm.weight.numel()
        self.weights = hash_tensors(used)
        for what, values in (("mean", MEAN), ("deviation", DEVIATION)):
            scaled = torch.tensor([255 * value for value in values], dtype=torch.float32)
            self.register_buffer(what, scaled.view(3, 1, 1))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Features:
        """Vectors, [m, dim], and no logits.

        Args:
            images: bytes 0..255 (uint8), [m, 1, H, W] grey or [m, 3, H, W], of any size.

        Raises:
            ValueError: if they are not bytes, or have another number of channels.
        """
        check_images(images)
        with exact_float32(images.device):
            parts = images.split(AT_ONCE.get(images.device.type, 16))
            vectors = [self.transformer(self.prepare(part)) for part in parts]
            return Features(torch.cat(vectors), None)

    def prepare(self, images: Tensor) -> Tensor:
        """Bytes to what the transformer sees, float32, [m, 3, 224, 224]."""
        return (resize_tensorflow1(images.float(), SIZE) - self.mean) / self.deviation
