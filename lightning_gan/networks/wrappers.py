"""A D that is made of a D: what all such wrappers have in common."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from lightning_gan.networks.base import Discriminator, FeatureDiscriminator


class WrappedDiscriminator(FeatureDiscriminator):
    """D that asks a discriminator inside. Wrappers can be put around one another.

    Features f(x) and the last unit are those of the discriminator inside, if it is a `FeatureDiscriminator` itself or
    wraps one; to ask another for them is an error. So is a condition c: what reads c inside is told it.

    Args:
        discriminator: the one inside.
        data_shape: of x, where it is not that of the discriminator inside.
    """

    def __init__(
        self, discriminator: Discriminator, data_shape: Sequence[int] | None = None
    ) -> None:
        super().__init__(data_shape or discriminator.data_shape)
        self.inner = discriminator

    @property
    def condition_dim(self) -> int:
        """Numbers in the condition that D reads; 0: none."""
        return cast(int, getattr(self.inner, "condition_dim", 0))

    @property
    def featured(self) -> FeatureDiscriminator:
        """The discriminator inside.

        Raises:
            ValueError: if it has no features.
        """
        if not isinstance(self.inner, FeatureDiscriminator):
            raise ValueError(
                f"{type(self.inner).__name__} has no features f(x): put a FeatureDiscriminator inside, such as "
                f"DCGANDiscriminator."
            )
        return self.inner

    @property
    def unit(self) -> nn.Linear:
        """The last layer of the discriminator inside."""
        return self.featured.unit

    def end_with(self, unit: nn.Linear) -> None:
        """Let another layer read f(x) in the last one's place."""
        self.featured.end_with(unit)

    def seen(self, x: Tensor) -> Tensor:
        """What the discriminator inside is shown of examples, [m, *data_shape]."""
        return x

    def features(self, x: Tensor) -> Tensor:
        """f(x), [m, feature_dim], of examples, [m, *data_shape]."""
        return self.featured.features(self.seen(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples, [m, *data_shape], and where D reads one a condition, [m, condition_dim], to scores, [m]."""
        return self.inner(self.seen(x)) if c is None else self.inner(self.seen(x), c)
