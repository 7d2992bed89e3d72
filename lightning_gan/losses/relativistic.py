"""Jolicoeur-Martineau (2018), "The relativistic discriminator"; pairs as in Huang et al. (2024), R3GAN, equation 2."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.distributed import collectives
from lightning_gan.losses.base import AdversarialLoss
from lightning_gan.utils.errors import UserError


class RelativisticPairing(AdversarialLoss):
    r"""D says how much more real an example is than a sample: the i-th of one with the i-th of the other; nats.

    .. math::
        \min_D \; -E_{x,z}[\log \sigma(s(x) - s(G(z)))], \qquad
        \min_G \; -E_{x,z}[\log \sigma(s(G(z)) - s(x))]

    s are scores, sigma the sigmoid. Only differences count: one number added to all scores changes nothing.
    Both are log 2 where D cannot tell examples from samples. Both raise a ValueError where their numbers differ.
    """

    needs_paired_batches = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E[log sigma(real - fake)], nats."""
        return softplus(-_lead(real, fake)).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E[log sigma(fake - real)], nats."""
        return softplus(_lead(_require_real_logits(real), fake)).mean()


class RelativisticAverage(AdversarialLoss):
    r"""D says how much more real an example is than the average sample, and a sample than the average example; nats.

    .. math::
        \min_D \; -E_x[\log \sigma(s(x) - E_z s(G(z)))] - E_z[\log(1 - \sigma(s(G(z)) - E_x s(x)))]

    s are scores, sigma the sigmoid. G minimises the same with x and G(z) exchanged. Averages are those of the
    minibatch, over all devices, and carry gradients. Only differences count. Both are log 4 where D cannot tell
    examples from samples.
    """

    needs_paired_batches = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """The equation above, nats; numbers of examples and of samples may differ."""
        mean_real, mean_fake = collectives.all_mean(torch.stack([real.mean(), fake.mean()]))
        return softplus(mean_fake - real).mean() + softplus(fake - mean_real).mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """D's loss with the roles exchanged, nats."""
        return self.d_loss(fake, _require_real_logits(real))


def _lead(real: Tensor, fake: Tensor) -> Tensor:
    """By how much each example's score is above its sample's; nothing is broadcast."""
    if real.shape != fake.shape:
        raise UserError(
            f"RelativisticPairing got scores {list(real.shape)} of examples and {list(fake.shape)} of samples: "
            f"give as many of one as of the other, or take RelativisticAverage."
        )
    return real - fake


def _require_real_logits(real: Tensor | None) -> Tensor:
    """Scores of examples, which these objectives of G read."""
    if real is None:
        raise UserError("A relativistic g_loss got no scores of examples: call g_loss(fake, real).")
    return real
