"""Conditional networks G(z, c) and D(x, c) that concatenate a condition c, [m, condition_dim], to their input.

"A conditional generative model p(x | c) can be obtained by adding c as input to both G and D": Goodfellow et al.
(2014), section 7; Mirza & Osindero (2014) use the class as c.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import Discriminator, Generator
from lightning_gan.utils.errors import UserError


class ConditionalGenerator(Generator):
    """Generator G(z, c) that gives a generator inside the concatenation of z and c.

    Args:
        generator: Generator whose input has z_dim + condition_dim entries; the last condition_dim hold c.
        condition_dim: Size of c, 1 to 2^20.

    Raises:
        UserError: The generator's z_dim is not above condition_dim.
    """

    @check_arguments
    def __init__(self, generator: Generator, condition_dim: Size) -> None:
        if condition_dim >= generator.z_dim:
            raise UserError(
                f"condition_dim is {condition_dim}, but the generator inside has z_dim {generator.z_dim}: give it a "
                f"z_dim above condition_dim, such as {condition_dim + 8}."
            )
        super().__init__(generator.data_shape, generator.z_dim - condition_dim)
        self.network, self.condition_dim = generator, condition_dim
        self.value_range = generator.value_range

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Initialise parameters of the generator inside that depend on the data."""
        self.network.init_from_data(mean)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Generate examples, [m, *data_shape], from noise, [m, z_dim], and c; without c, from z and c concatenated."""
        return self.network(concat_condition(z, c, self.z_dim, self.condition_dim))


class MaskedGenerator(ConditionalGenerator):
    """Generator G(z, c) that generates the hidden values of x and copies the observed ones.

    c is mask * x and mask, each flattened and concatenated; mask is 1 at observed and 0 at hidden values. The output is
    mask * x + (1 - mask) * G'(z, c), where G' is the generator inside.

    Args:
        generator: Generator whose input has z_dim + 2 * data_size entries.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__(generator, 2 * generator.data_size)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Generate completed examples, [m, *data_shape], from noise, [m, z_dim], and c."""
        both = concat_condition(z, c, self.z_dim, self.condition_dim)
        observed, mask = both[:, self.z_dim :].view(-1, 2, *self.data_shape).unbind(1)
        return observed + (1 - mask) * self.network(both)


class ConditionalDiscriminator(Discriminator):
    """Discriminator D(x, c) that gives a fully connected discriminator inside the concatenation of x and c.

    Args:
        discriminator: Discriminator of flat examples with data_size + condition_dim values.
        data_shape: Shape of x, such as [1, 28, 28], each 1 to 2^20.
        condition_dim: Size of c, 1 to 2^20.

    Raises:
        UserError: The discriminator inside reads another number of values.
    """

    @check_arguments
    def __init__(
        self, discriminator: Discriminator, data_shape: Sequence[Size], condition_dim: Size
    ) -> None:
        super().__init__(data_shape)
        if discriminator.data_shape != (self.data_size + condition_dim,):
            raise UserError(
                f"The discriminator inside reads {list(discriminator.data_shape)}, but x has {self.data_size} values "
                f"and c has {condition_dim}: give it data_shape [{self.data_size + condition_dim}]."
            )
        self.network, self.condition_dim = discriminator, condition_dim

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape], with conditions c."""
        return self.network(concat_condition(x.flatten(1), c, self.data_size, self.condition_dim))


def concat_condition(first: Tensor, c: Tensor | None, size: int, condition_dim: int) -> Tensor:
    """Concatenate an input and a condition.

    Args:
        first: Input, [m, size]; without c, [m, size + condition_dim].
        c: Condition, [m, condition_dim], or None.
        size: Size of the input.
        condition_dim: Size of the condition.

    Returns:
        Concatenation, [m, size + condition_dim].

    Raises:
        UserError: The sizes differ from those given.
    """
    both = first if c is None else torch.cat([first, c.to(first)], dim=1)
    if both.shape[1] != size + condition_dim:
        found = both.shape[1] - first.shape[1]
        raise UserError(
            f"The network reads {size} numbers and a condition of {condition_dim}, but got {first.shape[1]} and "
            f"{found}: train it with a conditional model, such as ConditionalGAN."
        )
    return both
