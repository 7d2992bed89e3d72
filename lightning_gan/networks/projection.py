"""Projection discriminator: Miyato & Koyama (2018), "cGANs with projection discriminator"."""

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper
from lightning_gan.utils.errors import UserError


class ProjectionDiscriminator(DiscriminatorWrapper):
    r"""Discriminator D(x, c) whose logit contains the inner product of features and condition: equation 3.

    .. math:: s(x, c) = \psi(f(x)) + \langle V c, f(x) \rangle

    s is the logit and psi the last layer of the discriminator inside.

    ===========================  =====================  ==================
    layer                        size                   output
    ===========================  =====================  ==================
    features of D inside         feature_dim            [m, feature_dim]
    its last layer               1                      [m]
    linear in c                  feature_dim            [m, feature_dim]
    inner product, added                                logits, [m]
    ===========================  =====================  ==================

    V has Xavier uniform initialisation. Inside `SpectralNormDiscriminator` it is normalised too, as in the released
    code.

    Args:
        discriminator: Discriminator inside the wrapper.
        classes: Size of c, the one-hot vector of a class, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: FeatureDiscriminator, classes: Size) -> None:
        super().__init__(discriminator)
        self.V = nn.Linear(classes, self.feature_dim, bias=False)
        nn.init.xavier_uniform_(self.V.weight)

    @property
    def condition_dim(self) -> int:
        """Size of c."""
        return self.V.in_features

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape], with conditions c, [m, condition_dim].

        Raises:
            UserError: c is missing or has another size, or there is not one for each f(x).
        """
        found = 0 if c is None else c.shape[1]
        if c is None or found != self.condition_dim:
            raise UserError(
                f"D reads a condition of {self.condition_dim} numbers, but got {found}: train it with a conditional "
                f"model, such as ConditionalGAN."
            )
        f = self.features(x)
        if len(f) != len(c):
            raise UserError(
                f"There are {len(c)} conditions for {len(f)} packs, but ProjectionDiscriminator cannot read "
                f"packs: put the PackedDiscriminator inside a ConditionalDiscriminator."
            )
        return self.last_layer(f).squeeze(1) + torch.linalg.vecdot(self.V(c.to(f)), f)
