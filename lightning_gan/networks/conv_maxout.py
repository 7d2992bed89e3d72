"""The convolutional maxout discriminator that Goodfellow et al. (2014) trained on CIFAR-10."""

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
        channels: channels of the output, 1 to 2^20.
        pieces: filters per output channel, 1 to 2^20.
        kernel: side of the filters, 1 to 2^20.
        padding: zeros around the input, on each side, 0 to 2^20.
        pool: side of the pool, 1 to 2^20.
        stride: stride of the pool, 1 to 2^20.
    """

    channels: Size
    pieces: Size
    kernel: Size
    padding: SizeOrZero
    pool: Size
    stride: Size

    def side(self, n: int) -> int:
        """Of what becomes of maps of side n.

        Raises:
            ValueError: if the filters or the pool do not fit.
        """
        filtered = n + 2 * self.padding - self.kernel + 1
        if filtered < self.pool:
            raise UserError(
                f"{self} on maps of side {n}: filters leave {filtered}, which is smaller than the pool."
            )
        return math.ceil((filtered - self.pool) / self.stride) + 1


CONVOLUTIONS = (
    Convolution(channels=32, pieces=2, kernel=8, padding=4, pool=4, stride=2),
    Convolution(channels=32, pieces=2, kernel=8, padding=3, pool=4, stride=2),
    Convolution(channels=192, pieces=2, kernel=5, padding=3, pool=2, stride=2),
)


class ConvMaxoutDiscriminator(FeatureDiscriminator):
    """Convolutional maxout layers with pools, one maxout layer, one linear unit; dropout before every layer.

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

    12,454,073 parameters at these sizes. Single numbers are dropped, not whole channels; what is kept is multiplied by
    1/0.8 and 1/0.5, as in 2014.

    Args:
        data_shape: of one example, [C, H, W], each 1 to 2^20.
        convolutions: the convolutional layers.
        units: of the maxout layer, 1 to 2^20.
        pieces: linear filters per unit of that layer, 1 to 2^20.
        input_dropout: share of the pixels' values dropped, at least 0 and below 1.
        dropout: share of the hidden units dropped, at least 0 and below 1.
        noise: standard deviation of Gaussian noise on D's input while training, in units of the data (not in the
            paper), at least 0.
        irange: bound of the initial weights, above 0; none: they start as torch starts them.
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
                f"ConvMaxoutDiscriminator of data_shape {list(data_shape)}: want [C, H, W]."
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
        """[m, *data_shape] to what the last unit reads, [m, units]."""
        return super().features(self.noise(x))
