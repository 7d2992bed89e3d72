"""Residual networks of Miyato et al. (2018), "Spectral normalization for GANs", Table 4.

The paper's D is `SpectralNormDiscriminator(ResNetDiscriminator(...))`.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

from lightning_gan.arguments import Size, SizeOrZero, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator, Generator
from lightning_gan.networks.conditional import concat_condition
from lightning_gan.networks.layers import ConditionalBatchNorm2d
from lightning_gan.utils.errors import UserError

COARSE = 4  # side of the first maps of G


class ResNetGenerator(Generator):
    """Generator with upsampling residual blocks, BatchNorm and ReLU; tanh output in [-1, 1].

    =============================================  ===================  ============================
    layer                                          32 x 32              output
    =============================================  ===================  ============================
    noise z                                                             [m, 128]
    linear                                         256 x 4 x 4          [m, 256, 4, 4]
    block, upsampling                              256                  [m, 256, 8, 8]
    block, upsampling                              256                  [m, 256, 16, 16]
    block, upsampling                              256                  [m, 256, 32, 32]
    BatchNorm, ReLU, 3 x 3, tanh                   3                    [m, 3, 32, 32] in [-1, 1]
    =============================================  ===================  ============================

    4,276,739 parameters at these sizes. Larger images have one more block for each doubling. Weights have Xavier
    uniform initialisation, with gain sqrt(2) in the blocks' 3 x 3 filters, as in the released code; biases are 0.

    With classes, the generator is G(z, c) with conditional BatchNorm in the blocks, as in Miyato & Koyama (2018).

    Args:
        data_shape: Shape of one example, [C, S, S] with S 8, 16, 32 and so on, each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        width: Number of channels, 1 to 2^20.
        classes: Size of c, the one-hot vector of a class, 0 to 2^20; 0: no condition.
    """

    value_range = (-1.0, 1.0)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 128,
        width: Size = 256,
        classes: SizeOrZero = 0,
    ) -> None:
        super().__init__(data_shape, z_dim)
        doublings = _doublings(self.data_shape)
        self.condition_dim = classes
        self.first = nn.Linear(z_dim, width * COARSE**2)
        # without classes, conditional BatchNorm with a single class equals BatchNorm
        self.blocks = nn.ModuleList(_UpBlock(width, max(classes, 1)) for _ in range(doublings))
        self.norm = nn.BatchNorm2d(width)
        self.output = nn.Conv2d(width, self.data_shape[0], 3, padding=1)
        xavier_(self)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Generate images, [m, *data_shape], in [-1, 1], from noise, [m, z_dim], and c; c may be the end of z."""
        z, c = concat_condition(z, c, self.z_dim, self.condition_dim).tensor_split([self.z_dim], 1)
        c = c if self.condition_dim else z.new_ones(len(z), 1)
        h = self.first(z).unflatten(1, (-1, COARSE, COARSE))
        for block in self.blocks:
            h = block(h, c)
        return self.output(relu(self.norm(h))).tanh()


class ResNetDiscriminator(FeatureDiscriminator):
    """Discriminator with residual blocks without normalisation, two of which downsample, and a sum over all positions.

    =============================================  ===================  ============================
    layer                                          32 x 32              output
    =============================================  ===================  ============================
    image x                                                             [m, 3, 32, 32]
    block, downsampling                            128                  [m, 128, 16, 16]
    block, downsampling                            128                  [m, 128, 8, 8]
    block                                          128                  [m, 128, 8, 8]
    block                                          128                  [m, 128, 8, 8]
    ReLU, sum over positions                                            [m, 128]
    linear                                         1                    [m]
    =============================================  ===================  ============================

    1,053,824 parameters at these sizes. Weights are initialised as those of `ResNetGenerator`. The last layer has no
    bias, as in the released code.

    Args:
        data_shape: Shape of one example, [C, S, S] with S 8, 16, 32 and so on, each 1 to 2^20.
        width: Number of channels, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, data_shape: Sequence[Size], width: Size = 128) -> None:
        super().__init__(data_shape)
        _doublings(self.data_shape)
        self.network = nn.Sequential(
            _DownBlock(self.data_shape[0], width, first=True),
            _DownBlock(width, width),
            _Block(width),
            _Block(width),
            nn.ReLU(),
            _SumOverPositions(),
            nn.Linear(width, 1, bias=False),
        )
        xavier_(self)


class _UpBlock(nn.Module):
    """Residual block from [m, n, H, W] and c to [m, n, 2H, 2W]: two 3 x 3 convolutions and a 1 x 1 shortcut."""

    def __init__(self, n: int, condition_dim: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(n, condition_dim) for _ in range(2))
        self.filters = nn.ModuleList(nn.Conv2d(n, n, 3, padding=1) for _ in range(2))
        self.shortcut = nn.Conv2d(n, n, 1)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        residual = self.filters[0](_enlarge(relu(self.norms[0](h, c))))
        residual = self.filters[1](relu(self.norms[1](residual, c)))
        # the 1 x 1 convolution commutes with the upsampling and costs a quarter before it
        return residual + _enlarge(self.shortcut(h))


class _Block(nn.Module):
    """Residual block from [m, n, H, W] to [m, n, H, W]: two 3 x 3 convolutions and the identity."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv2d(n, n, 3, padding=1) for _ in range(2))

    def forward(self, h: Tensor) -> Tensor:
        return h + self.filters[1](relu(self.filters[0](relu(h))))


class _DownBlock(nn.Module):
    """Residual block from [m, n_in, H, W] to [m, n, H/2, W/2]; the first one has no ReLU on the image."""

    def __init__(self, n_in: int, n: int, first: bool = False) -> None:
        super().__init__()
        sizes = [n_in, n if first else n_in, n]
        self.before: nn.Module = nn.Identity() if first else nn.ReLU()
        self.filters = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(sizes))
        self.shortcut = nn.Conv2d(n_in, n, 1)
        self.halve = nn.AvgPool2d(2)

    def forward(self, h: Tensor) -> Tensor:
        residual = self.filters[1](relu(self.filters[0](self.before(h))))
        return self.halve(residual) + self.shortcut(self.halve(h))


class _SumOverPositions(nn.Module):
    """Sum from [m, n, H, W] to [m, n]."""

    def forward(self, h: Tensor) -> Tensor:
        return h.sum((2, 3))


def xavier_(module: nn.Module) -> None:
    """Initialise all layers: Xavier uniform weights, with gain sqrt(2) in 3 x 3 filters of blocks, and biases 0."""
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight, 2**0.5 if ".filters." in name else 1.0)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _enlarge(h: Tensor) -> Tensor:
    return interpolate(h, scale_factor=2.0)  # every pixel becomes four


def _doublings(data_shape: Sequence[int]) -> int:
    """Compute the number of doublings from 4 x 4 maps to the image.

    Raises:
        UserError: The image is not square, or its side is not 4 times a power of 2.
    """
    side = data_shape[-1]
    doublings = (side // COARSE).bit_length() - 1
    square = len(data_shape) == 3 and data_shape[1] == side
    if not square or doublings < 1 or side != COARSE << doublings:
        raise UserError(
            f"ResNet of data_shape {list(data_shape)}: give [C, S, S] with S 8, 16, 32, 64, ..."
        )
    return doublings
