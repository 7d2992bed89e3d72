"""GAN: Algorithm 1 of Goodfellow et al. (2014), the training loop of all models with alternating updates.

x: real examples, [m, *data_shape]. z: noise, [m, z_dim]. G(z): generated examples, shaped like x.
Logits: D's output before the sigmoid, [m].
"""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from lightning_gan.arguments import Count, Positive, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import AdversarialModel, D, G
from lightning_gan.models.noise import NoiseModel
from lightning_gan.models.objectives import CriticInputs, DiscriminatorObjective
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam


class AlternatingModel(AdversarialModel):
    """Algorithm 1 for any pair of objectives: k updates of D, each on its own minibatch, then one update of G.

    A subclass implements `d_objective`, `g_objective` and `sample_inputs`. See `GAN` for the arguments.

    Args:
        k: Number of D's updates for each update of G, at least 1.
    """

    updates = "alternating"

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
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
            generator, discriminator, loss,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        self.k = k

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Update D on one minibatch; after every k-th update of D, update G."""
        with self.update_phase(D, frozen=self.generator):
            self.minimize(D, lambda part: self.regularize(self.d_objective(part)), batch)
        if self.generator_update_due():
            with self.update_phase(G, frozen=self.discriminator):
                self.minimize(G, self.g_objective, batch)

    def generator_update_due(self) -> bool:
        """Return whether D has made its k updates since the last update of G."""
        return self.d_updates % self.k == 0

    @abstractmethod
    def d_objective(self, batch: list[Tensor]) -> DiscriminatorObjective:
        """Compute L_D on a minibatch, and name the examples that each discriminator inputs."""

    @abstractmethod
    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute L_G on a minibatch."""


class GAN(NoiseModel, AlternatingModel):
    """GAN with alternating updates: k updates of D, each on its own minibatch, then one update of G on fresh noise.

    A step (`trainer.global_step`, `max_steps`, checkpoint names, the loggers' axis) is one update of G.

    Args:
        generator: Generator G.
        discriminator: Discriminator D.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        k: Number of D's updates for each update of G, at least 1 (n_critic in WGAN).
        d_optimizer: Optimizer for D.
        g_optimizer: Optimizer for G.
        d_scheduler: Learning-rate scheduler for D, stepped after each update of D.
        g_scheduler: Learning-rate scheduler for G, stepped after each update of G.
        ema_half_life: Half-life of the weight average of G that is sampled and evaluated, in images, above 0; None:
            no average.
        d_clip: Largest norm of D's gradient, above 0; None: no clipping.
        g_clip: Largest norm of G's gradient, above 0; None: no clipping.
        regularizers: Penalties that are added to D's loss, and projections that follow D's updates.
    """

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
            generator, discriminator, loss, k,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        self.prior = prior

    def d_objective(self, batch: list[Tensor]) -> DiscriminatorObjective:
        """Compute D's loss on m real and m generated examples."""
        x = batch[0]
        with torch.no_grad():
            x_fake = self.generator(self.noise(len(x)))
        real, fake = self.discriminator(x), self.discriminator(x_fake)  # logits
        loss = self.loss.d_loss(real, fake)
        self.statistics.add_d(loss, real, fake)
        return DiscriminatorObjective(loss, [CriticInputs(self.discriminator, x, x_fake)])

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute G's loss on m examples generated from fresh noise."""
        x = batch[0]
        fake = self.discriminator(self.generator(self.noise(len(x))))  # logits
        real = self.discriminator(x) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        self.statistics.add_g(loss)
        return loss
