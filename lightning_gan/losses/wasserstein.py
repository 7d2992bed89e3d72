"""Wasserstein loss: Arjovsky et al. (2017), "Wasserstein GAN", equations 2 and 3, and theorem 3."""

from torch import Tensor

from lightning_gan.losses.base import AdversarialLoss


class Wasserstein(AdversarialLoss):
    r"""Dual form of the Wasserstein-1 distance, whose D is a critic and not a classifier.

    .. math:: \min_G \max_{D \in \mathrm{Lip}_K} E_x[D(x)] - E_z[D(G(z))]

    The maximum over all critics with Lipschitz constant K is K W(p_data, p_g); at K = 1 it is the distance, in the unit
    of x. The loss does not bound the Lipschitz constant: without weight clipping or a penalty, the critic's outputs
    diverge. A constant added to all of them changes the gradient of neither network.
    """

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute E_z[D(G(z))] - E_x[D(x)], the negative of the critic's estimate of K W."""
        return fake.mean() - real.mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute -E_z[D(G(z))], whose gradient under the optimal critic is that of K W (theorem 3)."""
        return -fake.mean()
