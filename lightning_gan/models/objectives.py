"""Values of an objective of D."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from lightning_gan.regularizers import Critic


class CriticInputs(NamedTuple):
    """Discriminator and the examples that it reads in one update; penalties of D apply to them.

    Attributes:
        critic: Function from examples to logits: D, given the conditions of these examples if it reads any.
        real: Real examples, [m, *data_shape].
        fake: Generated examples, [m, *data_shape].
    """

    critic: Critic
    real: Tensor
    fake: Tensor


class DiscriminatorObjective(NamedTuple):
    """L_D without penalties, and what its penalties apply to.

    Attributes:
        loss: Scalar that D minimises.
        inputs: Examples of each discriminator.
    """

    loss: Tensor
    inputs: Sequence[CriticInputs]
