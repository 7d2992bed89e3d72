"""Hinge loss: Lim & Ye (2017), "Geometric GAN"; Miyato et al. (2018), "Spectral Normalization for GANs", eq. 16, 17."""

from torch import Tensor
from torch.nn.functional import relu

from lightning_gan.losses.base import AdversarialLoss


class Hinge(AdversarialLoss):
    r"""Hinge loss with margin 1 for D, and the negative mean logit for G.

    .. math::
        \min_D \; E_x[\max(0, 1 - D(x))] + E_z[\max(0, 1 + D(G(z)))], \qquad
        \min_G \; -E_z[D(G(z))]

    D(x) is the logit. Real examples above 1 and generated ones below -1 have no gradient in L_D; L_G has the same
    gradient at each logit. The optimal D is the sign of p_data - p_g, where L_D = 2 - 2 TV(p_data, p_g): 2 at
    p_g = p_data.
    """

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute the mean violation of the margin over real examples plus that over generated ones."""
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute -E_z[D(G(z))]."""
        return -fake.mean()
