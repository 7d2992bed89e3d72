"""Convolutional maxout discriminator for CIFAR-10 of Goodfellow et al. (2014)."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from torch import Tensor, nn

from lightning_gan.arguments import NonNegative, Positive, Rate, Size, SizeOrZero, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.layers import ConvMaxout, Dropout, GaussianNoise, Maxout, uniform_
from lightning_gan.utils.errors import UserError


@check_arguments
@dataclass(frozen=True)
class Convolution:
    """Sizes of a `ConvMaxout` layer.

    Args:
        channels: Number of output channels, 1 to 2^20.
        pieces: Number of filters for each output channel, 1 to 2^20.
        kernel: Side of the filters, 1 to 2^20.
        padding: Width of the zero padding on each side, 0 to 2^20.
        pool: Side of the pooling window, 1 to 2^20.
        stride: Stride of the pooling, 1 to 2^20.
    """

    channels: Size
    pieces: Size
    kernel: Size
    padding: SizeOrZero
    pool: Size
    stride: Size

    def side(self, n: int) -> int:
        """Compute the side of the output for maps of side n.

        Raises:
            UserError: The filtered maps are smaller than the pooling window.
        """
        filtered = n + 2 * self.padding - self.kernel + 1
        if filtered < self.pool:
            raise UserError(
                f"{self} on maps of side {n}: the filtered maps have side {filtered}, below the pool: give smaller "
                f"filters or more padding."
            )
        return math.ceil((filtered - self.pool) / self.stride) + 1


CONVOLUTIONS = (
    Convolution(channels=32, pieces=2, kernel=8, padding=4, pool=4, stride=2),
    Convolution(channels=32, pieces=2, kernel=8, padding=3, pool=4, stride=2),
    Convolution(channels=192, pieces=2, kernel=5, padding=3, pool=2, stride=2),
)


class ConvMaxoutDiscriminator(FeatureDiscriminator):
    """Discriminator with convolutional maxout layers, one maxout layer and one linear unit; dropout before each layer.

    =============================================  ===================  =================  =================
    layer                                          2014, CIFAR-10       filtered           output
    =============================================  ===================  =================  =================
    image x                                                                                [m, 3, 32, 32]
    dropout 0.2, padding 4, 8 x 8, pool 4 / 2      32 x 2 pieces        33 x 33            [m, 32, 16, 16]
    dropout 0.5, padding 3, 8 x 8, pool 4 / 2      32 x 2 pieces        15 x 15            [m, 32, 7, 7]
    dropout 0.5, padding 3, 5 x 5, pool 2 / 2      192 x 2 pieces       9 x 9              [m, 192, 5, 5]
    dropout 0.5, maxout                            500 x 5 pieces                          [m, 500]
    dropout 0.5, linear                            1                                       [m]
    =============================================  ===================  =================  =================

    12,454,073 parameters at these sizes. Dropout acts on single values, not on whole channels, and multiplies the
    others by 1/0.8 and 1/0.5, as in 2014.

    Args:
        data_shape: Shape of one example, [C, H, W], each 1 to 2^20.
        convolutions: Sizes of the convolutional layers.
        units: Number of units in the maxout layer, 1 to 2^20.
        pieces: Number of linear filters for each unit of the maxout layer, 1 to 2^20.
        input_dropout: Probability that a value of the image is dropped, at least 0 and below 1.
        dropout: Probability that a hidden unit is dropped, at least 0 and below 1.
        noise: Standard deviation of Gaussian noise on D's input in training, in units of the data, at least 0 (not in
            the paper).
        irange: Bound of the initial weights, above 0; None: PyTorch's initialisation.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        convolutions: Sequence[Convolution] = CONVOLUTIONS,
        units: Size = 500,
        pieces: Size = 5,
        input_dropout: Rate = 0.2,
        dropout: Rate = 0.5,
        noise: NonNegative = 0.0,
        irange: Positive | None = 0.005,
    ) -> None:
        super().__init__(data_shape)
        if len(self.data_shape) != 3:
            raise UserError(
                f"ConvMaxoutDiscriminator of data_shape {list(data_shape)}: give [C, H, W]."
            )
        layers: list[nn.Module] = []
        n_in, height, width = self.data_shape
        rate = input_dropout
        for sizes in convolutions:
            layers += [Dropout(rate), ConvMaxout(n_in, **asdict(sizes))]
            n_in, height, width = sizes.channels, sizes.side(height), sizes.side(width)
            rate = dropout
        features = n_in * height * width
        layers += [nn.Flatten(), Dropout(rate), Maxout(features, units, pieces)]
        self.noise = GaussianNoise(noise)
        self.network = nn.Sequential(*layers, Dropout(dropout), nn.Linear(units, 1))
        if irange is not None:
            uniform_(self, irange)

    def features(self, x: Tensor) -> Tensor:
        """Compute the features, [m, units], of examples, [m, *data_shape]."""
        return super().features(self.noise(x))
