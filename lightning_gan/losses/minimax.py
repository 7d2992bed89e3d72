"""Goodfellow et al. (2014), equation 1 and section 3."""

from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.losses.base import AdversarialLoss


class Minimax(AdversarialLoss):
    r"""The model of equation 1, with the value in nats.

    .. math:: \min_G \max_D V(D, G) = E_x[\log D(x)] + E_z[\log(1 - D(G(z)))]

    With D = sigmoid(s), -log D = softplus(-s) and -log(1 - D) = softplus(s): exact at any score.
    At the equilibrium D = 1/2 and V = -log 4.
    """

    outputs_are_logits = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-V(D, G) on one minibatch, nats."""
        return softplus(-real).mean() + softplus(fake).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """E_z[log(1 - D(G(z)))], nats; saturates where D rejects G's samples with confidence."""
        return -softplus(fake).mean()


class NonSaturating(Minimax):
    r"""Equation 1 for D; G maximises log D(G(z)) (section 3).

    .. math:: \min_G \; -E_z[\log D(G(z))]

    "This objective function results in the same fixed point of the dynamics of G and D but provides much
    stronger gradients early in learning."
    """

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E_z[log D(G(z))], nats."""
        return softplus(-fake).mean()
