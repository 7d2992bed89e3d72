"""Algorithm 1 of Goodfellow et al. (2014): the one training loop of all GANs of this suite.

x: examples, [m, *data_shape]. z: noise, [m, z_dim]. G(z): samples, shaped like x.
Scores: what D says before its sigmoid, [m].
"""

from collections.abc import Sequence

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from lightning_gan.arguments import Count, Positive, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import AdversarialModel, D, G
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam


class GAN(AdversarialModel):
    """k updates of D, each on its own minibatch, then one update of G on fresh noise.

    A step (`trainer.global_step`, `max_steps`, checkpoint names, the loggers' axis) is one update of G.

    Args:
        generator: G.
        discriminator: D.
        loss: what each of them minimises.
        prior: p(z).
        k: the number of D's updates for each of G's, at least 1 (n_critic in WGAN).
        d_optimizer: of D.
        g_optimizer: of G.
        d_scheduler: of D's optimizer, stepped after each update of D.
        g_scheduler: of G's optimizer, stepped after each update of G.
        ema_half_life: the half-life of the average of G that is shown and scored, in images, above 0; None: no
            average.
        d_clip: the largest norm of D's gradient, above 0; None: no clipping.
        g_clip: the largest norm of G's gradient, above 0; None: no clipping.
        regularizers: of D: penalties beside its loss, projections after its updates.
    """

    updates = "alternating"

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        k: Count = 1,
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
            generator, discriminator, loss, prior,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        self.k = k

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """One minibatch: an update of D and, every k-th time, one of G."""
        with self.update_phase(D, waiting=self.generator):
            self.minimize(D, self.d_objective, batch)
        if self.generator_update_due():
            with self.update_phase(G, waiting=self.discriminator):
                self.minimize(G, self.g_objective, batch)

    def generator_update_due(self) -> bool:
        """Whether D has had its k updates since G's last."""
        return self.d_updates % self.k == 0

    def d_objective(self, batch: list[Tensor]) -> Tensor:
        """L_D on m examples and m samples."""
        x = batch[0]
        with torch.no_grad():
            x_fake = self.generator(self.noise(len(x)))
        real, fake = self.discriminator(x), self.discriminator(x_fake)
        loss = self.loss.d_loss(real, fake)
        self.statistics.d(loss, real, fake)
        return loss + self.penalty(self.discriminator, x, x_fake)

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """L_G on m fresh samples."""
        x = batch[0]
        fake = self.discriminator(self.generator(self.noise(len(x))))
        real = self.discriminator(x) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        self.statistics.g(loss)
        return loss
