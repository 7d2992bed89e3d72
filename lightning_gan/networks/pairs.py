"""Pairs of networks for two domains A and B, each trained by one optimizer."""

from torch import Tensor, nn

from lightning_gan.networks.base import AdversarialNetwork, Discriminator
from lightning_gan.networks.translator import Translator
from lightning_gan.utils.errors import UserError


class TranslatorPair(AdversarialNetwork):
    """G of A to B and F of B to A: two translators in opposite directions.

    Called as one network, the pair is G.

    Args:
        a_to_b: translator G from A to B.
        b_to_a: translator F from B to A.

    Raises:
        UserError: The shapes or the value ranges of the two do not fit each other.
    """

    def __init__(self, a_to_b: Translator, b_to_a: Translator) -> None:
        super().__init__(a_to_b.data_shape)
        ways = (a_to_b.input_shape, a_to_b.data_shape), (b_to_a.data_shape, b_to_a.input_shape)
        if ways[0] != ways[1]:
            raise UserError(
                f"a_to_b maps {list(a_to_b.input_shape)} to {list(a_to_b.data_shape)}, but b_to_a maps "
                f"{list(b_to_a.input_shape)} to {list(b_to_a.data_shape)}: give them opposite shapes."
            )
        if a_to_b.value_range != b_to_a.value_range:
            raise UserError(
                f"a_to_b makes values in {list(a_to_b.value_range)} and b_to_a in {list(b_to_a.value_range)}: give two "
                f"translators with one value range."
            )
        self.a_to_b, self.b_to_a = a_to_b, b_to_a
        self.input_shape, self.value_range = a_to_b.input_shape, a_to_b.value_range

    def named_networks(self) -> dict[str, nn.Module]:
        """Return the networks of the pair by name."""
        return {"a_to_b": self.a_to_b, "b_to_a": self.b_to_a}

    def forward(self, a: Tensor) -> Tensor:
        """Translate images of A, [m, *input_shape], to images of B, [m, *data_shape]."""
        return self.a_to_b(a)


class DiscriminatorPair(AdversarialNetwork):
    """D_A and D_B: a discriminator for each domain.

    Args:
        of_a: discriminator of images of A.
        of_b: discriminator of images of B.
    """

    def __init__(self, of_a: Discriminator, of_b: Discriminator) -> None:
        super().__init__(of_b.data_shape)
        self.of_a, self.of_b = of_a, of_b
        self.input_shape = of_a.data_shape

    def named_networks(self) -> dict[str, nn.Module]:
        """Return the networks of the pair by name."""
        return {"of_a": self.of_a, "of_b": self.of_b}
