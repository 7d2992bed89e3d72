"""Lim & Ye (2017), "Geometric GAN"; Miyato et al. (2018), "Spectral Normalization for GANs", equations 16 and 17."""

from torch import Tensor
from torch.nn.functional import relu

from lightning_gan.losses.base import AdversarialLoss


class Hinge(AdversarialLoss):
    r"""D separates with a margin, as a support vector machine does; G raises the scores of its samples.

    .. math::
        \min_D \; E_x[\max(0, 1 - D(x))] + E_z[\max(0, 1 + D(G(z)))], \qquad
        \min_G \; -E_z[D(G(z))]

    Here D is the score itself. D lets go of examples above 1 and of samples below -1; G pulls everywhere alike.
    The best D is the sign of p_data - p_g, and leaves L_D at 2 - 2 TV(p_data, p_g): 2 where p_g = p_data.
    """

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """The mean of what the margin lacks, over examples plus over samples."""
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E_z[D(G(z))]."""
        return -fake.mean()
