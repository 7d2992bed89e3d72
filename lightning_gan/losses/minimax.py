"""Losses of Goodfellow et al. (2014): minimax (equation 1) and non-saturating (section 3)."""

from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.losses.base import AdversarialLoss


class Minimax(AdversarialLoss):
    r"""Minimax loss of equation 1, in nats.

    .. math:: \min_G \max_D V(D, G) = E_x[\log D(x)] + E_z[\log(1 - D(G(z)))]

    With D = sigmoid(s) for a logit s, -log D = softplus(-s) and -log(1 - D) = softplus(s), exact for all s.
    At the equilibrium D = 1/2 and V = -log 4.
    """

    outputs_are_logits = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute -V(D, G) on one minibatch, in nats."""
        return softplus(-real).mean() + softplus(fake).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute E_z[log(1 - D(G(z)))], in nats, whose gradient vanishes where D(G(z)) is near 0."""
        return -softplus(fake).mean()


class NonSaturating(Minimax):
    r"""Loss of equation 1 for D, and the non-saturating loss of section 3 for G, in nats.

    .. math:: \min_G \; -E_z[\log D(G(z))]

    "This objective function results in the same fixed point of the dynamics of G and D but provides much
    stronger gradients early in learning."
    """

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute -E_z[log D(G(z))], in nats."""
        return softplus(-fake).mean()
