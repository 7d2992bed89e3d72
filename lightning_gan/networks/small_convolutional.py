"""Small convolutional networks for Stacked MNIST: Metz et al. (2017), "Unrolled GANs", appendix."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator, Generator
from lightning_gan.utils.errors import UserError

SHAPE = (28, 28)


class SmallConvolutionalGenerator(Generator):
    """Generator with 3 x 3 transposed convolutions from 4 x 4 to 28 x 28, BatchNorm and ReLU; tanh output in [-1, 1].

    ===============================  ====================  ==========================
    layer                            size                  output
    ===============================  ====================  ==========================
    noise z                                                [m, 256]
    linear, BatchNorm, ReLU          64 x 4 x 4            [m, 64, 4, 4]
    transposed, BatchNorm, ReLU      32, stride 2          [m, 32, 7, 7]
    transposed, BatchNorm, ReLU      16, stride 2          [m, 16, 14, 14]
    transposed, BatchNorm, ReLU      8, stride 2           [m, 8, 28, 28]
    convolution, tanh                3                     [m, 3, 28, 28] in [-1, 1]
    ===============================  ====================  ==========================

    Args:
        data_shape: Shape of one example, [C, 28, 28], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
    """

    value_range = (-1.0, 1.0)

    @check_arguments
    def __init__(self, data_shape: Sequence[Size], z_dim: Size = 256) -> None:
        super().__init__(data_shape, z_dim)
        _check(self.data_shape)
        self.network = nn.Sequential(
            nn.Linear(z_dim, 64 * 4 * 4), nn.Unflatten(1, (64, 4, 4)), nn.BatchNorm2d(64), nn.ReLU(),
            *_double(64, 32, 0), *_double(32, 16, 1), *_double(16, 8, 1),
            nn.Conv2d(8, self.data_shape[0], 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], in [-1, 1], from noise, [m, z_dim]."""
        return self.network(z)


class SmallConvolutionalDiscriminator(FeatureDiscriminator):
    """Discriminator with three 3 x 3 convolutions of stride 2, BatchNorm, LeakyReLU 0.3 and one linear unit.

    ===================================  ====================  ==================
    layer                                width 2               output
    ===================================  ====================  ==================
    image x                                                    [m, 3, 28, 28]
    convolution, LeakyReLU               2                     [m, 2, 14, 14]
    convolution, BatchNorm, LeakyReLU    4                     [m, 4, 7, 7]
    convolution, BatchNorm, LeakyReLU    8                     [m, 8, 4, 4]
    linear                               1                     [m]
    ===================================  ====================  ==================

    The paper calls width 2 "1/4 the size of G" and width 4 "1/2".

    Args:
        data_shape: Shape of one example, [C, 28, 28], each 1 to 2^20.
        width: Number of channels of the first layer, 1 to 2^20; it doubles in the second and in the third layer.
    """

    @check_arguments
    def __init__(self, data_shape: Sequence[Size], width: Size = 2) -> None:
        super().__init__(data_shape)
        _check(self.data_shape)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([self.data_shape[0], width, 2 * width, 4 * width]):
            layers += [
                nn.Conv2d(n_in, n_out, 3, stride=2, padding=1), nn.BatchNorm2d(n_out), nn.LeakyReLU(0.3)
            ]  # fmt: skip
        del layers[1]  # the first layer has no BatchNorm
        self.network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * width * 4 * 4, 1))


def _double(n_in: int, n_out: int, odd: int) -> list[nn.Module]:
    layer = nn.ConvTranspose2d(n_in, n_out, 3, stride=2, padding=1, output_padding=odd)
    return [layer, nn.BatchNorm2d(n_out), nn.ReLU()]


def _check(data_shape: Sequence[int]) -> None:
    """Check that examples are images of 28 x 28.

    Raises:
        UserError: They have another shape.
    """
    if len(data_shape) != 3 or tuple(data_shape[1:]) != SHAPE:
        raise UserError(
            f"Small convolutional network of data_shape {list(data_shape)}: give [C, 28, 28]."
        )
