"""Relativistic losses: Jolicoeur-Martineau (2018), "The relativistic discriminator"; Huang et al. (2024), R3GAN."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.distributed import collectives
from lightning_gan.losses.base import AdversarialLoss
from lightning_gan.utils.errors import UserError


class RelativisticPairing(AdversarialLoss):
    r"""Relativistic loss, in nats, of pairs of a real and a generated example: Huang et al. (2024), equation 2.

    .. math::
        \min_D \; -E_{x,z}[\log \sigma(s(x) - s(G(z)))], \qquad
        \min_G \; -E_{x,z}[\log \sigma(s(G(z)) - s(x))]

    s(x) is D's logit and sigma the sigmoid. A constant added to all logits changes neither loss. Both losses are log 2
    if D does not separate real from generated examples. Both need as many real as generated examples.
    """

    needs_paired_batches = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute -E[log sigma(real - fake)], in nats.

        Raises:
            UserError: The numbers of real and generated examples differ.
        """
        return softplus(-_subtract(real, fake)).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute -E[log sigma(fake - real)], in nats.

        Raises:
            UserError: There are no real logits, or the numbers of real and generated examples differ.
        """
        return softplus(_subtract(_require_real_logits(real), fake)).mean()


class RelativisticAverage(AdversarialLoss):
    r"""Relativistic average loss, in nats: each logit is compared with the mean logit of the other distribution.

    .. math::
        \min_D \; -E_x[\log \sigma(s(x) - E_z s(G(z)))] - E_z[\log(1 - \sigma(s(G(z)) - E_x s(x)))]

    s(x) is D's logit and sigma the sigmoid. G minimises the same with x and G(z) exchanged. The means are over the
    minibatch of all devices and have gradients. A constant added to all logits changes neither loss. Both losses are
    log 4 if D does not separate real from generated examples.
    """

    needs_paired_batches = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute the equation above, in nats; the numbers of real and generated examples may differ."""
        mean_real, mean_fake = collectives.all_mean(torch.stack([real.mean(), fake.mean()]))
        return softplus(mean_fake - real).mean() + softplus(fake - mean_real).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute D's loss with real and generated logits exchanged, in nats."""
        return self.d_loss(fake, _require_real_logits(real))


def _subtract(real: Tensor, fake: Tensor) -> Tensor:
    """Subtract generated from real logits without broadcasting."""
    if real.shape != fake.shape:
        raise UserError(
            f"RelativisticPairing got real logits {list(real.shape)} and generated logits {list(fake.shape)}: give as "
            f"many real as generated examples, or use RelativisticAverage."
        )
    return real - fake


def _require_real_logits(real: Tensor | None) -> Tensor:
    """Return the logits of real examples, or raise an error if there are none."""
    if real is None:
        raise UserError(
            "A relativistic g_loss needs logits of real examples: call g_loss(fake, real)."
        )
    return real
