"""The projection discriminator of Miyato & Koyama (2018), "cGANs with projection discriminator"."""

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper
from lightning_gan.utils.errors import UserError


class ProjectionDiscriminator(DiscriminatorWrapper):
    r"""D(x, c) whose condition meets the features in an inner product: equation 3.

    .. math:: score(x, c) = \psi(f(x)) + \langle V c, f(x) \rangle

    psi is the last unit of the discriminator inside.

    ===========================  =====================  ==================
    layer                        size                   output
    ===========================  =====================  ==================
    features of D inside         feature_dim            [m, feature_dim]
    its last unit                1                      [m]
    linear, of c                 feature_dim            [m, feature_dim]
    inner product, added                                scores, [m]
    ===========================  =====================  ==================

    V starts as Xavier's uniform. Inside `SpectralNormDiscriminator` it is normalised too, as in the released code.

    Args:
        discriminator: the one inside.
        classes: numbers in c, K classes of which one is 1, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: FeatureDiscriminator, classes: Size) -> None:
        super().__init__(discriminator)
        self.V = nn.Linear(classes, self.feature_dim, bias=False)
        nn.init.xavier_uniform_(self.V.weight)

    @property
    def condition_dim(self) -> int:
        """Numbers in c."""
        return self.V.in_features

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples, [m, *data_shape], and c, [m, condition_dim], to scores, [m].

        Raises:
            ValueError: naming the sizes, if c has another, does not come, or is not one for each f(x).
        """
        message = 0 if c is None else c.shape[1]
        if c is None or message != self.condition_dim:
            raise UserError(
                f"A condition of {message} numbers came to a D that reads {self.condition_dim}: train it by a GAN that "
                f"tells its networks c, such as ConditionalGAN."
            )
        f = self.features(x)
        if len(f) != len(c):
            raise UserError(
                f"{len(c)} conditions came for {len(f)} packs of examples: a projection is not packed; put Packed "
                f"inside a ConditionalDiscriminator."
            )
        return self.last_layer(f).squeeze(1) + torch.linalg.vecdot(self.V(c.to(f)), f)
