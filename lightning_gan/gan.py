"""Algorithm 1 of Goodfellow et al. (2014): the one training loop of all GANs of this suite.

x: examples, [m, *data_shape]. z: noise, [m, z_dim]. G(z): samples, shaped like x.
Scores: what D says before its sigmoid, [m].
"""

from collections.abc import Sequence

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from lightning_gan.losses import AdversarialLoss
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.optimizers import Constant, dcgan_adam
from lightning_gan.players import D, G, TwoPlayers
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer


class GAN(TwoPlayers):
    """k updates of D, each on its own minibatch, then one update of G on fresh noise.

    A step (`trainer.global_step`, `max_steps`, checkpoint names, the loggers' axis) is one update of G.

    Args:
        generator: G.
        discriminator: D.
        loss: what each of them minimises.
        prior: p(z).
        k: updates of D for each of G (n_critic in WGAN).
        d_optimizer: of D.
        g_optimizer: of G.
        d_scheduler: of D's optimizer, stepped after each update of D.
        g_scheduler: of G's optimizer, stepped after each update of G.
        ema_half_life: of the average of G that is shown and scored, in images; none: G itself is.
        d_clip: largest norm of D's gradient.
        g_clip: largest norm of G's gradient.
        regularizers: of D: penalties beside its loss, projections after its updates.
    """

    updates = "alternating"

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        k: int = 1,
        d_optimizer: OptimizerCallable = dcgan_adam,
        g_optimizer: OptimizerCallable = dcgan_adam,
        d_scheduler: LRSchedulerCallable = Constant,
        g_scheduler: LRSchedulerCallable = Constant,
        ema_half_life: float | None = None,
        d_clip: float | None = None,
        g_clip: float | None = None,
        regularizers: Sequence[Regularizer] = (),
    ) -> None:
        super().__init__(
            generator, discriminator, loss, prior,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        if k < 1:
            raise ValueError(
                f"k is {k}, but D needs at least one update for each of G's: set --model.k 1."
            )
        self.k = k

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """One minibatch: an update of D and, every k-th time, one of G."""
        with self.turn(D, waiting=self.generator):
            self.descend(D, self.d_objective, batch)
        if self.g_is_due():
            with self.turn(G, waiting=self.discriminator):
                self.descend(G, self.g_objective, batch)

    def g_is_due(self) -> bool:
        """Whether D has had its k updates since G's last."""
        return self.d_updates % self.k == 0

    def d_objective(self, batch: list[Tensor]) -> Tensor:
        """L_D on m examples and m samples."""
        x = batch[0]
        with torch.no_grad():
            x_fake = self.generator(self.noise(len(x)))
        real, fake = self.discriminator(x), self.discriminator(x_fake)
        loss = self.loss.d_loss(real, fake)
        self.record.d(loss, real, fake)
        return loss + self.penalty(self.discriminator, x, x_fake)

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """L_G on m fresh samples."""
        x = batch[0]
        fake = self.discriminator(self.generator(self.noise(len(x))))
        real = self.discriminator(x) if self.loss.pairs_real_with_fake else None
        loss = self.loss.g_loss(fake, real)
        self.record.g(loss)
        return loss
