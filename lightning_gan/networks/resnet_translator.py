"""The residual generator of CycleGAN: Zhu et al. (2017), appendix; Johnson et al. (2016)."""

from collections.abc import Sequence

from torch import Tensor, nn

from lightning_gan.arguments import CountOrZero, Size, check_arguments
from lightning_gan.networks.translator import Translator, init_normal


class ResNetTranslator(Translator):
    """Two halvings, residual blocks at a quarter of the side, two doublings; tanh: images in [-1, 1].

    ===========================================  ==========================  ===========================
    layer                                        width 64, 256 x 256         output
    ===========================================  ==========================  ===========================
    source image                                                             [m, 3, 256, 256]
    convolution, InstanceNorm, ReLU              64, 7 x 7, reflection 3     [m, 64, 256, 256]
    convolution of stride 2, InstanceNorm, ReLU  128, 3 x 3                  [m, 128, 128, 128]
    convolution of stride 2, InstanceNorm, ReLU  256, 3 x 3                  [m, 256, 64, 64]
    9 residual blocks                            256, 3 x 3, reflection 1    [m, 256, 64, 64]
    transposed, InstanceNorm, ReLU               128, 3 x 3                  [m, 128, 128, 128]
    transposed, InstanceNorm, ReLU               64, 3 x 3                   [m, 64, 256, 256]
    convolution, tanh                            3, 7 x 7, reflection 3      [m, 3, 256, 256] in [-1, 1]
    ===========================================  ==========================  ===========================

    A block adds to its input: convolution, InstanceNorm, ReLU, convolution, InstanceNorm; no ReLU follows the sum.
    InstanceNorm has neither scale and shift nor running statistics, so all convolutions have biases. The released code
    uses 6 blocks for 128 x 128. Weights start in N(0, 0.02), biases at 0. Parameters from 3 to 3 channels: 11,378,179
    with 9 blocks, 7,837,699 with 6.

    Args:
        input_shape: shape of a source image, [C, H, W], each 1 to 2^20; H and W multiples of 4.
        data_shape: shape of a translated image, [C', H, W], each 1 to 2^20.
        width: feature maps of the first layer, 1 to 2^20.
        blocks: number of residual blocks, 0 to 2^20.
    """

    value_range = (-1.0, 1.0)
    multiple = 4

    @check_arguments
    def __init__(
        self,
        input_shape: Sequence[Size],
        data_shape: Sequence[Size],
        width: Size = 64,
        blocks: CountOrZero = 9,
    ) -> None:
        super().__init__(input_shape, data_shape)
        widest = 4 * width
        self.network = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(self.input_shape[0], width, 7),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
            *_halve(width, 2 * width),
            *_halve(2 * width, widest),
            *(ResidualBlock(widest) for _ in range(blocks)),
            *_double(widest, 2 * width),
            *_double(2 * width, width),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, self.data_shape[0], 7),
            nn.Tanh(),
        )
        init_normal(self)

    def forward(self, a: Tensor) -> Tensor:
        """Translate images, [m, *input_shape], to images, [m, *data_shape], in [-1, 1]."""
        return self.network(a)


class ResidualBlock(nn.Module):
    """x plus two convolutions 3 x 3 of x, with reflection padding and InstanceNorm.

    Args:
        channels: number of feature maps, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, channels: Size) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map feature maps, [m, channels, H, W], to feature maps of the same shape."""
        return x + self.residual(x)


def _halve(n_in: int, n_out: int) -> list[nn.Module]:
    conv = nn.Conv2d(n_in, n_out, 3, stride=2, padding=1)
    return [conv, nn.InstanceNorm2d(n_out), nn.ReLU()]


def _double(n_in: int, n_out: int) -> list[nn.Module]:
    conv = nn.ConvTranspose2d(n_in, n_out, 3, stride=2, padding=1, output_padding=1)
    return [conv, nn.InstanceNorm2d(n_out), nn.ReLU()]
