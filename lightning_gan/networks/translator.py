"""Generators that read an image of one domain and make an image of another."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import AdversarialNetwork
from lightning_gan.utils.errors import UserError


class Translator(AdversarialNetwork, ABC):
    """G: images of a source domain, [m, *input_shape], to images of a target domain, [m, *data_shape].

    Args:
        input_shape: shape of a source image, [C, H, W], each 1 to 2^20.
        data_shape: shape of a translated image, [C', H, W], each 1 to 2^20; the channels may differ.
    """

    value_range: tuple[float, float]
    """Lowest and highest value of both source and translated images."""
    multiple = 1
    """H and W of an input must be multiples of this number."""

    @check_arguments
    def __init__(self, input_shape: Sequence[Size], data_shape: Sequence[Size]) -> None:
        super().__init__(data_shape)
        self.input_shape = tuple(input_shape)
        if len(self.input_shape) != 3 or len(self.data_shape) != 3:
            raise UserError(
                f"{type(self).__name__} from {list(input_shape)} to {list(data_shape)}: give two image shapes "
                f"[C, H, W]."
            )
        if self.input_shape[1:] != self.data_shape[1:]:
            raise UserError(
                f"{type(self).__name__} from {list(input_shape)} to {list(data_shape)}: a translated image has the "
                f"height and width of its source; give both the same."
            )
        for side in self.data_shape[1:]:
            if side % self.multiple:
                raise UserError(
                    f"{type(self).__name__} for images of {self.data_shape[1]}x{self.data_shape[2]}: height and width "
                    f"must be multiples of {self.multiple}."
                )

    @abstractmethod
    def forward(self, a: Tensor) -> Tensor:
        """Translate images, [m, *input_shape], to images, [m, *data_shape]."""


def init_normal(module: nn.Module, std: float = 0.02) -> None:
    """Draw the weights of convolutions from N(0, std^2) and scales of BatchNorm from N(1, std^2); set biases to 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, std)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, std)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
