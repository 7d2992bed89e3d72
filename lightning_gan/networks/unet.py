"""The U-Net generator of pix2pix: Isola et al. (2017), section 6.1.1."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Share, Size, check_arguments
from lightning_gan.networks.normalization import Norm, make_norm
from lightning_gan.networks.translator import Translator, init_normal
from lightning_gan.utils.errors import UserError

WIDEST = 8  # feature maps of the narrowest levels, in multiples of the first level's


class UNetTranslator(Translator):
    """Convolutions 4 x 4 of stride 2 down to 1 x 1, transposed ones back, and each level's maps handed across.

    At 256 x 256 with width 64 the levels have 64, 128, 256, 512, 512, 512, 512, 512 maps at 128 x 128 to 1 x 1.

    - Down: convolution, norm, LeakyReLU 0.2; no norm at the first and the last level.
    - Up: ReLU, transposed convolution, norm; dropout in those levels of 8 x width that lie between the innermost
      level and the first level with fewer maps. Its input is the output of the level below beside the maps of the
      same size on the way down.
    - Last: transposed convolution with a bias, tanh.

    Convolutions before BatchNorm have no bias. Weights start in N(0, 0.02), BatchNorm's scales in N(1, 0.02), biases at
    0. Parameters at 256 x 256 from 3 to 3 channels: 54,413,955 with BatchNorm.

    Args:
        input_shape: shape of a source image, [C, S, S], each 1 to 2^20; S a power of 2, at least 16.
        data_shape: shape of a translated image, [C', S, S], each 1 to 2^20.
        width: feature maps of the first level, 1 to 2^20.
        norm: normalisation: batch, layer, instance or none.
        dropout: share of the units that dropout sets to 0, 0 to 1; 0.5 in the paper, where it is the only noise.
    """

    value_range = (-1.0, 1.0)

    @check_arguments
    def __init__(
        self,
        input_shape: Sequence[Size],
        data_shape: Sequence[Size],
        width: Size = 64,
        norm: Norm = "batch",
        dropout: Share = 0.5,
    ) -> None:
        super().__init__(input_shape, data_shape)
        self.multiple = side = self.data_shape[1]
        if side != self.data_shape[2] or side < 16 or side & (side - 1):
            raise UserError(
                f"UNetTranslator for images of {side}x{self.data_shape[2]}: give square images whose side is a power "
                f"of 2, at least 16."
            )
        levels = side.bit_length() - 1
        widths = [width * min(2**i, WIDEST) for i in range(levels)]
        sources = [self.input_shape[0], *widths[:-1]]
        last = levels - 1
        self.down = nn.ModuleList(
            _down(n_in, n_out, "none" if i in (0, last) else norm, bias=_has_bias(norm))
            for i, (n_in, n_out) in enumerate(zip(sources, widths, strict=True))
        )
        up = []
        for i in range(last, 0, -1):
            n_in = widths[i] if i == last else 2 * widths[i]
            drop = dropout if i != last and sources[i] == width * WIDEST else 0.0
            up.append(_up(n_in, sources[i], norm, drop))
        self.up = nn.ModuleList(up)
        self.output = nn.Sequential(
            nn.ReLU(), nn.ConvTranspose2d(2 * width, self.data_shape[0], 4, 2, 1), nn.Tanh()
        )
        init_normal(self)

    def forward(self, a: Tensor) -> Tensor:
        """Translate images, [m, *input_shape], to images, [m, *data_shape], in [-1, 1]."""
        maps = []
        for level in self.down:
            a = level(a)
            maps.append(a)
        x = maps.pop()
        for level in self.up:
            x = torch.cat([maps.pop(), level(x)], dim=1)
        return self.output(x)


def _has_bias(norm: Norm) -> bool:
    """Whether convolutions have a bias: not where BatchNorm would remove it."""
    return norm != "batch"


def _down(n_in: int, n_out: int, norm: Norm, bias: bool) -> nn.Sequential:
    conv = nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=bias)
    return nn.Sequential(conv, make_norm(norm, n_out), nn.LeakyReLU(0.2))


def _up(n_in: int, n_out: int, norm: Norm, dropout: float) -> nn.Sequential:
    conv = nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1, bias=_has_bias(norm))
    layers = [nn.ReLU(), conv, make_norm(norm, n_out)]
    return nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout else []))
