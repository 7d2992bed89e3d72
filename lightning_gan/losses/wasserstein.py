"""Arjovsky et al. (2017), "Wasserstein GAN", equations 2 and 3, and theorem 3."""

from torch import Tensor

from lightning_gan.losses.base import AdversarialLoss


class Wasserstein(AdversarialLoss):
    r"""The dual of the earth mover's distance; D is a critic, not a classifier.

    .. math:: \min_G \max_{D \in \mathrm{Lip}_K} E_x[D(x)] - E_z[D(G(z))]

    Over all critics with Lipschitz constant K, the largest value is K W(p_data, p_g): at K = 1 a distance, in the unit
    of x. The objective alone does not keep a critic Lipschitz: without clipping or a penalty its scores grow for ever.
    Scores have no zero: one number added to all of them changes nothing for either network.
    """

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """E_z[D(G(z))] - E_x[D(x)]: minus the critic's estimate of K W."""
        return fake.mean() - real.mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E_z[D(G(z))]; its gradient is that of the distance (theorem 3)."""
        return -fake.mean()
