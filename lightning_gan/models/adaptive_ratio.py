"""A model that chooses k as it goes: "better methods for coordinating G and D", Goodfellow et al. (2014), section 7."""

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
    """D moves until it is ahead of G, or has moved `most` times; then G moves once.

    D's lead is V(D, G) + log 4, in nats, on the minibatches that D was shown: a lower bound of 2 JSD(p_data, p_g),
    reached by D* (Theorem 1). It is 0 where D cannot part examples from samples, and log 4 where it parts them
    without error: how little D's answers overlap. A G that moves while D has no lead follows a D that knows nothing of
    it, and may run to where that D is merely wrong.

    The decision waits for the device once for each minibatch.

    Args:
        generator: G.
        discriminator: D.
        loss: what each of them minimises.
        prior: p(z).
        lead: the lead that G waits for, in nats, above 0 and below log 4.
        most: updates of D for one of G, at most, at least 1.
        memory: the decay of the running mean of the lead, at least 0 and below 1; 0: the latest minibatch alone.
        d_optimizer: of D.
        g_optimizer: of G.
        d_scheduler: of D's optimizer, stepped after each update of D.
        g_scheduler: of G's optimizer, stepped after each update of G.
        ema_half_life: the half-life of the average of G that is shown and scored, in images, above 0; None: no
            average.
        d_clip: the largest norm of D's gradient, above 0; None: no clipping.
        g_clip: the largest norm of G's gradient, above 0; None: no clipping.
        regularizers: of D.

    Raises:
        ValueError: if lead, most or memory lie outside of these bounds.
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
        del self.k  # there is none: it is chosen anew each time
        self.wanted_lead, self.most, self.memory = lead, most, memory
        self.lead, self.waited = 0.0, 0

    def step_optimizer(self, network: int) -> None:
        """As ever; D's lead is read off the scores that it moved on."""
        super().step_optimizer(network)
        if network == D:
            self.update_ratio()

    def update_ratio(self) -> None:
        """How far D was ahead, on its last minibatch."""
        real, fake = map(torch.cat, zip(*self.statistics.scores[-self.microbatches :], strict=True))
        now = math.log(4) - softplus(-real).mean() - softplus(fake).mean()
        # all processes must come to one decision
        now = self.trainer.strategy.reduce(now, reduce_op="mean")
        self.lead += (1 - self.memory) * (float(now) - self.lead)
        self.waited += 1

    def generator_update_due(self) -> bool:
        """Whether D is ahead, or G has waited long enough."""
        due = self.lead >= self.wanted_lead or self.waited >= self.most
        if due:
            self.waited = 0
        return due

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add where the controller stands, so that a resumed run takes the same turns."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["counts"] |= {"lead": self.lead, "waited": self.waited}
