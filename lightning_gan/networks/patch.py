"""Discriminators of the patches of an image: Isola et al. (2017), section 3.2.2; Li & Wand (2016)."""

from collections.abc import Sequence

from torch import Tensor, nn

from lightning_gan.arguments import CountOrZero, Size, check_arguments
from lightning_gan.networks.base import Discriminator
from lightning_gan.networks.normalization import Norm, make_norm
from lightning_gan.networks.translator import init_normal
from lightning_gan.utils.errors import UserError


class PatchDiscriminator(Discriminator):
    """Convolutions 4 x 4 whose output has one logit for each patch of the image.

    ============================================  ==========================  ====================
    layer                                         3 layers, 256 x 256         output
    ============================================  ==========================  ====================
    image                                                                     [m, 3, 256, 256]
    convolution of stride 2, LeakyReLU            64                          [m, 64, 128, 128]
    convolution of stride 2, norm, LeakyReLU      128                         [m, 128, 64, 64]
    convolution of stride 2, norm, LeakyReLU      256                         [m, 256, 32, 32]
    convolution of stride 1, norm, LeakyReLU      512                         [m, 512, 31, 31]
    convolution of stride 1                       1                           [m, 900] (30 x 30)
    ============================================  ==========================  ====================

    The side of a patch is 16, 34, 70 pixels with 1, 2, 3 layers. With 0 layers all filters are 1 x 1 (width, 2 x width,
    1), and there is a logit for each pixel. Weights start in N(0, 0.02), biases at 0. Parameters for 3 channels with
    InstanceNorm: 136,385, 662,977, 2,764,737.

    Args:
        data_shape: shape of an image, [C, H, W], each 1 to 2^20.
        condition_channels: channels of a source image that is read beside the image, as in pix2pix, 0 to 2^20.
        width: feature maps of the first layer, 1 to 2^20; at most 8 times as many in later layers.
        layers: convolutions of stride 2, 0 to 2^20.
        norm: normalisation of all layers but the first and the last: instance (CycleGAN), batch (pix2pix), layer or
            none. InstanceNorm has neither scale and shift nor running statistics.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        condition_channels: CountOrZero = 0,
        width: Size = 64,
        layers: CountOrZero = 3,
        norm: Norm = "instance",
    ) -> None:
        super().__init__(data_shape)
        if len(self.data_shape) != 3:
            raise UserError(
                f"PatchDiscriminator for data_shape {list(data_shape)}: give an image shape [C, H, W]."
            )
        self.condition_channels = condition_channels
        kernel = 4 if layers else 1
        widths = [width * min(2**i, 8) for i in range((layers or 0) + 1 or 1)]
        if not layers:
            widths = [width, 2 * width]
        n_in = self.data_shape[0] + condition_channels
        parts: list[nn.Module] = []
        for i, n_out in enumerate(widths):
            stride = 2 if i < layers else 1
            has_bias = i == 0 or norm != "batch"
            parts.append(
                nn.Conv2d(n_in, n_out, kernel, stride, padding=int(kernel > 1), bias=has_bias)
            )
            parts += [_norm(norm, n_out)] if i else []
            parts.append(nn.LeakyReLU(0.2))
            n_in = n_out
        last = nn.Conv2d(n_in, 1, kernel, padding=int(kernel > 1))
        self.network = nn.Sequential(*parts, last, nn.Flatten())
        self._check_size(kernel, layers)
        init_normal(self)

    def _check_size(self, kernel: int, layers: int) -> None:
        """Refuse an image that is smaller than the layers need.

        Raises:
            UserError: naming the smallest side.
        """
        smallest = 3 * 2**layers if kernel > 1 else 1
        if min(self.data_shape[1:]) < smallest:
            raise UserError(
                f"PatchDiscriminator with {layers} layers for images of {self.data_shape[1]}x{self.data_shape[2]}: "
                f"give images of {smallest} pixels or more, or fewer layers."
            )

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits of all patches, [m, patches], of images, [m, C + condition_channels, H, W]."""
        return self.network(x)


def _norm(norm: Norm, channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels) if norm == "instance" else make_norm(norm, channels)
