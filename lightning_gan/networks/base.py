"""Base classes of generators and discriminators."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import cast

from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_memory


class AdversarialNetwork(nn.Module):
    """Network for examples of one shape.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
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
        """Number of values in one example."""
        return math.prod(self.data_shape)


class Generator(AdversarialNetwork, ABC):
    """Generator G, which maps noise z, [m, z_dim], to examples, [m, *data_shape], with values in `value_range`.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
    """

    value_range: tuple[float, float]

    @check_arguments
    def __init__(self, data_shape: Sequence[Size], z_dim: Size) -> None:
        super().__init__(data_shape)
        self.z_dim = z_dim

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], from noise, [m, z_dim]."""

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Initialise parameters that depend on the data; the base class has none.

        Args:
            mean: Function that returns the mean training example, data_shape; called only if it is needed.
        """


class Discriminator(AdversarialNetwork, ABC):
    """Discriminator D, which maps examples, [m, *data_shape], to logits, [m]; D(x) of the paper is sigmoid(logit)."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape]."""


class FeatureDiscriminator(Discriminator, ABC):
    """Discriminator whose logit is a linear function of features f(x), [m, feature_dim], which wrappers can use.

    A subclass sets `network`, whose last layer maps f(x) to the logit.
    """

    network: nn.Sequential

    @property
    def last_layer(self) -> nn.Linear:
        """Last layer, which maps f(x) to the logit."""
        return cast(nn.Linear, self.network[-1])

    @property
    def feature_dim(self) -> int:
        """Number of features in f(x)."""
        return self.last_layer.in_features

    def replace_last_layer(self, layer: nn.Linear) -> None:
        """Replace the last layer by another one that reads f(x)."""
        self.network[-1] = layer

    def features(self, x: Tensor) -> Tensor:
        """Compute the features f(x), [m, feature_dim], of examples, [m, *data_shape]."""
        return self.network[:-1](x)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape]."""
        return self.last_layer(self.features(x)).squeeze(1)
