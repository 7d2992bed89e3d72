"""Features of DINOv2, whose distances agree with human judgement better than Inception's (Stein et al. 2023).

The published weights were not available, so the network was tested with random weights: preprocessing equals that of
torch-fidelity bit for bit, and the transformer equals torchvision's. Unlike torch-fidelity, which executes code that
it downloads, this module only reads the published file.
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
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, values in [0, 1]
AT_ONCE = {"cpu": 8, "cuda": 64}  # images per pass


@dataclass
class DINOv2(FeatureExtractorConfig):
    """Features of DINOv2's class token, as in torch-fidelity's `dinov2-vit-l-14`.

    Nothing is downloaded. Get the published file, such as dinov2_vitl14_pretrain.pth, from
    https://github.com/facebookresearch/dinov2 (pretrained backbones without registers).

    Args:
        size: Size of the transformer: s, b, l or g, with 384, 768, 1024 or 1536 features.
        weights: Published file; None: the file of its name in the cache folder.
    """

    size: Literal["s", "b", "l", "g"] = "l"
    weights: str | None = None
    name: str = field(init=False, repr=False)

    suffix = "_dinov2"

    def __post_init__(self) -> None:
        self.name = f"dinov2-vit-{self.size}-14"

    @property
    def file(self) -> str:
        """Name of the published file, and of the file in the cache folder."""
        return f"dinov2_vit{self.size}14_pretrain.pth"

    def load(self) -> "DINOv2Network":
        """Load the network with its weights.

        Raises:
            WeightsError: There is no such file, or it holds other tensors.
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
    """Vision transformer with published weights; frozen.

    `weights` is the hash of the tensors in use, which do not include the mask token of training.

    Args:
        transformer: Transformer of any size; its own weights are replaced.
        tensors: Weights, float32, under the published names; others are ignored.
        name: Name of the feature space.
        where: Source of the tensors, for messages.

    Raises:
        WeightsError: A tensor is missing, of another shape or dtype, or not finite.
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
        """Compute vectors, [m, dim], without logits.

        Args:
            images: Images of any size, uint8, [m, 1, H, W] grey or [m, 3, H, W].

        Raises:
            UserError: The images are not bytes, or have another number of channels.
        """
        check_images(images)
        with exact_float32(images.device):
            parts = images.split(AT_ONCE.get(images.device.type, 16))
            vectors = [self.transformer(self.prepare(part)) for part in parts]
            return Features(torch.cat(vectors), None)

    def prepare(self, images: Tensor) -> Tensor:
        """Resize and normalize bytes to the transformer's input, float32, [m, 3, 224, 224]."""
        return (resize_tensorflow1(images.float(), SIZE) - self.mean) / self.deviation
