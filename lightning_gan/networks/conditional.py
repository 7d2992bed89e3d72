"""Networks that are told something: G(z, c) and D(x, c), each made of a network that reads one longer vector.

"A conditional generative model p(x | c) can be obtained by adding c as input to both G and D": Goodfellow et al.
(2014), section 7; carried out by Mirza & Osindero (2014), who told both networks the class.

c: the condition, [m, condition_dim].
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import Discriminator, Generator
from lightning_gan.utils.errors import UserError


class ConditionalGenerator(Generator):
    """G(z, c): any generator, that reads z and c side by side.

    Args:
        generator: of z_dim + condition_dim noise variables, the last condition_dim of which become c.
        condition_dim: numbers in c, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, generator: Generator, condition_dim: Size) -> None:
        if condition_dim >= generator.z_dim:
            raise UserError(
                f"condition_dim is {condition_dim} and the generator inside reads z_dim {generator.z_dim} numbers: "
                f"give it condition_dim and at least one noise variable, such as {condition_dim + 8}."
            )
        super().__init__(generator.data_shape, generator.z_dim - condition_dim)
        self.network, self.condition_dim = generator, condition_dim
        self.value_range = generator.value_range

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """As the generator inside does."""
        self.network.init_from_data(mean)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Noise, [m, z_dim], and c to samples, [m, *data_shape]; without c, z holds it in its last columns."""
        return self.network(concat_condition(z, c, self.z_dim, self.condition_dim))


class MaskedGenerator(ConditionalGenerator):
    """G(z, c) that proposes the hidden numbers of x and leaves those that are observed as they are.

    c is mask * x and then mask, each flat; mask is 1 where x is observed and 0 where it is hidden. A sample is
    mask * x + (1 - mask) * (what the generator inside makes of z and c).

    Args:
        generator: of z_dim + 2 * data_size noise variables.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__(generator, 2 * generator.data_size)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Noise, [m, z_dim], and c to completed examples, [m, *data_shape]."""
        both = concat_condition(z, c, self.z_dim, self.condition_dim)
        observed, mask = both[:, self.z_dim :].view(-1, 2, *self.data_shape).unbind(1)
        return observed + (1 - mask) * self.network(both)


class ConditionalDiscriminator(Discriminator):
    """D(x, c): a fully connected discriminator, that reads x and c side by side.

    Args:
        discriminator: of flat examples, with as many numbers as x and c have together.
        data_shape: of x, such as [1, 28, 28], each 1 to 2^20.
        condition_dim: numbers in c, 1 to 2^20.
    """

    @check_arguments
    def __init__(
        self, discriminator: Discriminator, data_shape: Sequence[Size], condition_dim: Size
    ) -> None:
        super().__init__(data_shape)
        if discriminator.data_shape != (self.data_size + condition_dim,):
            raise UserError(
                f"The discriminator inside reads {list(discriminator.data_shape)}, but x has {self.data_size} numbers "
                f"and c {condition_dim}: give it data_shape [{self.data_size + condition_dim}]."
            )
        self.network, self.condition_dim = discriminator, condition_dim

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples, [m, *data_shape], and c to scores, [m]."""
        return self.network(concat_condition(x.flatten(1), c, self.data_size, self.condition_dim))


def concat_condition(first: Tensor, c: Tensor | None, size: int, condition_dim: int) -> Tensor:
    """[m, size] and [m, condition_dim] as one, [m, size + condition_dim].

    Raises:
        ValueError: naming the sizes that came.
    """
    both = first if c is None else torch.cat([first, c.to(first)], dim=1)
    if both.shape[1] != size + condition_dim:
        message = both.shape[1] - first.shape[1]
        raise UserError(
            f"{first.shape[1]} numbers and a condition of {message} came to a network that reads {size} and "
            f"{condition_dim}: train it by a GAN that tells its networks c, such as ConditionalGAN."
        )
    return both
