"""Unrolled GANs: Metz et al. (2017), "Unrolled generative adversarial networks", section 2.2, equations 8 to 10."""

from collections.abc import Sequence
from typing import Any

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.func import functional_call
from torch.optim import Optimizer

from lightning_gan.arguments import Count, CountOrZero, Positive, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import D
from lightning_gan.models.gan import GAN
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.differentiable_optimizers import (
    Theta,
    average_over_devices,
    clip_gradients_differentiably,
    make_next_updates,
)
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.utils.errors import UserError


class UnrolledGAN(GAN):
    r"""G descends its loss under D as D will be after `unroll` further updates, which depend on G's samples.

    .. math:: f_K(\theta_G, \theta_D) = f(\theta_G, \theta_D^K(\theta_G, \theta_D)), \quad
              \theta_G \leftarrow \theta_G - \eta \, d f_K / d \theta_G, \quad
              \theta_D \leftarrow \theta_D + \eta \, d f / d \theta_D

    The derivative is total: it flows through the K updates, so that G sees how D would answer its move. (Without it,
    G would only play against a D that is ahead: another model.) f is what `loss` has G minimise; the paper's is
    `Minimax`. D's own updates are Algorithm 1's.

    The updates on the way are those that D's optimizer would make from its present state, at its present rate: Adam,
    as in the paper's experiments, or SGD. All of them see the minibatch of D's last update, and the fresh noise that
    G moves on, as in the authors' public code, which replaces D's parameters in one graph (github.com/poolio/
    unrolled_gan). Penalties and `d_clip` act in them as in real ones. Nothing of D is changed: its parameters, its
    optimizer, its BatchNorm statistics and its spectral norms' vectors stand still. If D has dropout or noise, each
    pass draws it anew, from the global generator; so does a gradient penalty its points. Several devices look
    ahead together: each of D's updates on the way follows the gradient on the minibatch of all.

    With unroll 0 it is the plain GAN.

    Args:
        generator: G.
        discriminator: D.
        loss: what each of them minimises.
        prior: p(z).
        unroll: K, updates of D that G looks ahead, at least 0; 5 in most of the paper's experiments.
        k: the number of D's updates for each of G's, at least 1.
        d_optimizer: of D: torch.optim.Adam or torch.optim.SGD.
        g_optimizer: of G.
        d_scheduler: of D's optimizer.
        g_scheduler: of G's optimizer.
        ema_half_life: the half-life of the average of G that is shown and scored, in images, above 0; None: no
            average.
        d_clip: the largest norm of D's gradient, above 0; None: no clipping.
        g_clip: the largest norm of G's gradient, above 0; None: no clipping.
        regularizers: of D: penalties only.
    """

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        unroll: CountOrZero = 5,
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
            generator, discriminator, loss, prior, k,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        if self.projections and unroll:
            raise UserError(
                f"UnrolledGAN cannot look ahead through {type(self.projections[0]).__name__}, which moves D's weights "
                f"after each update: take a penalty instead, such as GradientPenalty, or set unroll to 0."
            )
        self.unroll = unroll
        self.needs_double_backward |= unroll > 0
        # a turn of G freezes all of D: which parts of it ever move has to be known before
        self.moving = [name for name, p in discriminator.named_parameters() if p.requires_grad]

    def configure_optimizers(self) -> tuple[list[Optimizer], list[Any]]:
        """As ever; D's must be one whose updates are written out."""
        optimizers, schedulers = super().configure_optimizers()
        if self.unroll:
            make_next_updates(optimizers[D], {})
        return optimizers, schedulers

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """L_G on m fresh samples, under D as it will be."""
        x = batch[0]
        x_fake = self.generator(self.noise(len(x)))
        theta = self.unroll_discriminator(x, x_fake)
        fake = self.d_logits_ahead(theta, x_fake)
        real = self.d_logits_ahead(theta, x) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        self.statistics.g(loss)
        return loss

    def unroll_discriminator(self, x: Tensor, x_fake: Tensor) -> Theta:
        """D's parameters `unroll` updates from now, as functions of the samples.

        Args:
            x: examples, [m, *data_shape].
            x_fake: samples, [m, *data_shape], with the graph that leads to G.
        """
        own: Theta = dict(self.discriminator.named_parameters())
        if not self.unroll:
            return own
        theta = {name: own[name] for name in self.moving}
        step = make_next_updates(self.trainer.optimizers[D], theta)
        theta = {name: p.detach().requires_grad_() for name, p in theta.items()}
        for ahead in range(self.unroll):
            loss = self.unrolled_d_loss(theta, x, x_fake, self.d_updates + ahead)
            gradients = average_over_devices(
                torch.autograd.grad(
                    loss, list(theta.values()), create_graph=True, allow_unused=True
                )
            )
            theta = step(theta, clip_gradients_differentiably(gradients, self.clips[D]))
        return theta

    def unrolled_d_loss(self, theta: Theta, x: Tensor, x_fake: Tensor, update: int) -> Tensor:
        """L_D and its penalties, as update number `update` will have them."""
        loss = self.loss.d_loss(self.d_logits_ahead(theta, x), self.d_logits_ahead(theta, x_fake))
        for penalty in self.penalties:
            if update % penalty.every == 0:
                term = penalty.with_graph(lambda x: self.d_logits_ahead(theta, x), x, x_fake)
                loss = loss + penalty.every * term
        return loss

    def d_logits_ahead(self, theta: Theta, x: Tensor) -> Tensor:
        """Scores, [m], of D with other parameters."""
        return functional_call(self.discriminator, theta, (x,))
