"""AdaptiveRatioGAN: a GAN that chooses k during training, for Goodfellow et al. (2014), section 7, item 5."""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch.nn.functional import softplus

from lightning_gan.arguments import Count, Domain, Positive, Rate, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import D
from lightning_gan.models.gan import GAN
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam


class AdaptiveRatioGAN(GAN):
    """GAN that updates D until D's lead reaches a threshold, or `most` times; then it updates G once.

    D's lead is V(D, G) + log 4, in nats, on D's minibatches: a lower bound of 2 JSD(p_data, p_g), which D* reaches
    (Theorem 1). The lead is 0 if D does not separate real from generated examples, and log 4 if it separates them
    without error. The gradient of a D without a lead carries no information about p_data, and may lead G away from it.

    The decision synchronises the host with the device once for each minibatch.

    See `GAN` for the other arguments.

    Args:
        generator: Generator G.
        discriminator: Discriminator D.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        lead: Lead of D at which G is updated, in nats, above 0 and below log 4.
        most: Largest number of D's updates for each update of G, at least 1.
        memory: Decay of the running mean of the lead, at least 0 and below 1; 0: the latest minibatch alone.
        d_optimizer: Optimizer for D.
        g_optimizer: Optimizer for G.
        d_scheduler: Learning-rate scheduler for D, stepped after each update of D.
        g_scheduler: Learning-rate scheduler for G, stepped after each update of G.
        ema_half_life: Half-life of the weight average of G that is sampled and evaluated, in images, above 0; None:
            no average.
        d_clip: Largest norm of D's gradient, above 0; None: no clipping.
        g_clip: Largest norm of G's gradient, above 0; None: no clipping.
        regularizers: Regularizers of D.

    Raises:
        UserError: lead, most or memory lies outside these bounds.
    """

    updates = "alternating, k chosen by D's lead"

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        lead: Annotated[float, Domain(0, math.log(4), low_open=True, high_open=True)] = 0.1,
        most: Count = 10,
        memory: Rate = 0.9,
        d_optimizer: OptimizerCallable = dcgan_adam,
        g_optimizer: OptimizerCallable = dcgan_adam,
        d_scheduler: LRSchedulerCallable = Constant,
        g_scheduler: LRSchedulerCallable = Constant,
        ema_half_life: Positive | None = None,
        d_clip: Positive | None = None,
        g_clip: Positive | None = None,
        regularizers: Sequence[Regularizer] = (),
    ) -> None:
        super().__init__(
            generator, discriminator, loss, prior, 1,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        del self.k  # the number of D's updates varies
        self.wanted_lead, self.most, self.memory = lead, most, memory
        self.lead, self.waited = 0.0, 0

    def step_optimizer(self, network: int) -> None:
        """Also update the running mean of D's lead after an update of D."""
        super().step_optimizer(network)
        if network == D:
            self.update_ratio()

    def update_ratio(self) -> None:
        """Update the running mean of D's lead from the logits of its last minibatch."""
        real, fake = map(torch.cat, zip(*self.statistics.logits[-self.microbatches :], strict=True))
        lead = math.log(4) - softplus(-real).mean() - softplus(fake).mean()
        # all processes must take the same decision
        lead = self.trainer.strategy.reduce(lead, reduce_op="mean")
        self.lead += (1 - self.memory) * (float(lead) - self.lead)
        self.waited += 1

    def generator_update_due(self) -> bool:
        """Return whether D's lead has reached the threshold, or D has made `most` updates."""
        due = self.lead >= self.wanted_lead or self.waited >= self.most
        if due:
            self.waited = 0
        return due

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the lead and the count of D's updates, so that a resumed run takes the same decisions."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["counts"] |= {"lead": self.lead, "waited": self.waited}
