"""What every network promises."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import cast

from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_memory


class AdversarialNetwork(nn.Module):
    """A network of the model, for data of one shape.

    Args:
        data_shape: shape of one example, such as [1, 28, 28], each 1 to 2^20.
    """

    @check_arguments
    def __init__(self, data_shape: Sequence[Size]) -> None:
        super().__init__()
        if not len(data_shape):
            raise UserError(
                f"data_shape {list(data_shape)}: give at least one size, such as [1, 28, 28]."
            )
        self.data_shape = tuple(data_shape)
        check_memory(
            4 * self.data_size, f"Examples of shape {list(data_shape)}", "give a smaller data_shape"
        )

    @property
    def data_size(self) -> int:
        """Numbers in one example."""
        return math.prod(self.data_shape)


class Generator(AdversarialNetwork, ABC):
    """G: noise z, [m, z_dim], to samples, [m, *data_shape], with values in `value_range`.

    Args:
        data_shape: shape of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: number of noise variables, 1 to 2^20.
    """

    value_range: tuple[float, float]

    @check_arguments
    def __init__(self, data_shape: Sequence[Size], z_dim: Size) -> None:
        super().__init__(data_shape)
        self.z_dim = z_dim

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Samples, [m, *data_shape], from noise, [m, z_dim]."""

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Initialise what depends on the data.

        Args:
            mean: gives the mean training example, data_shape; called only where it is used.
        """


class Discriminator(AdversarialNetwork, ABC):
    """D: examples, [m, *data_shape], to raw scores, [m]; D(x) of the paper is sigmoid(score)."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Scores, [m]: no sigmoid has been applied."""


class FeatureDiscriminator(Discriminator, ABC):
    """D whose score is one linear unit on features f(x), [m, feature_dim], so that other units can read f(x) too.

    A subclass sets `network`, which ends with that unit.
    """

    network: nn.Sequential

    @property
    def last_layer(self) -> nn.Linear:
        """The last layer: f(x) to the score."""
        return cast(nn.Linear, self.network[-1])

    @property
    def feature_dim(self) -> int:
        """Numbers in f(x)."""
        return self.last_layer.in_features

    def replace_head(self, unit: nn.Linear) -> None:
        """Let another layer read f(x) in the last one's place."""
        self.network[-1] = unit

    def features(self, x: Tensor) -> Tensor:
        """f(x), [m, feature_dim], of examples, [m, *data_shape]."""
        return self.network[:-1](x)

    def forward(self, x: Tensor) -> Tensor:
        """Examples, [m, *data_shape], to scores, [m]."""
        return self.last_layer(self.features(x)).squeeze(1)
