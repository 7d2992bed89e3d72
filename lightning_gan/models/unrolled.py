"""UnrolledGAN: Metz et al. (2017), "Unrolled generative adversarial networks", section 2.2, equations 8 to 10."""

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
    r"""GAN whose G minimises its loss under the D that results from `unroll` further updates.

    .. math:: f_K(\theta_G, \theta_D) = f(\theta_G, \theta_D^K(\theta_G, \theta_D)), \quad
              \theta_G \leftarrow \theta_G - \eta \, d f_K / d \theta_G, \quad
              \theta_D \leftarrow \theta_D + \eta \, d f / d \theta_D

    The derivative is total: it includes the dependence of the K updates on G's parameters. f is L_G of `loss`;
    `Minimax` in the paper. D's own updates are those of Algorithm 1.

    The K updates are those that D's optimizer would make from its current state, at its current learning rate: Adam, as
    in the paper's experiments, or SGD. All of them use the minibatch of D's last update and the noise of G's update, as
    in the authors' code (github.com/poolio/unrolled_gan). Penalties and `d_clip` apply to them as to D's own updates.
    They change neither D's parameters nor the state of its optimizer, its BatchNorm statistics and its spectral norms'
    vectors. Dropout, noise and the points of a gradient penalty are drawn anew in each forward pass, from the global
    random number generator. With more than one device, each of the K updates uses the mean gradient of all devices.

    With unroll 0 the model is the GAN of Algorithm 1.

    See `GAN` for the other arguments.

    Args:
        generator: Generator G.
        discriminator: Discriminator D.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        unroll: Number K of unrolled updates of D, at least 0; 5 in most of the paper's experiments.
        k: Number of D's updates for each update of G, at least 1.
        d_optimizer: Optimizer for D: torch.optim.Adam or torch.optim.SGD.
        g_optimizer: Optimizer for G.
        d_scheduler: Learning-rate scheduler for D.
        g_scheduler: Learning-rate scheduler for G.
        ema_half_life: Half-life of the weight average of G that is sampled and evaluated, in images, above 0; None:
            no average.
        d_clip: Largest norm of D's gradient, above 0; None: no clipping.
        g_clip: Largest norm of G's gradient, above 0; None: no clipping.
        regularizers: Penalties that are added to D's loss; projections only with unroll 0.
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
                f"UnrolledGAN cannot differentiate through {type(self.projections[0]).__name__}, which changes D's "
                f"weights after each update: use a penalty instead, such as GradientPenalty, or set unroll to 0."
            )
        self.unroll = unroll
        self.needs_double_backward |= unroll > 0
        # found here, because an update of G sets requires_grad of all of D's parameters to False
        self.trainable = [name for name, p in discriminator.named_parameters() if p.requires_grad]

    def configure_optimizers(self) -> tuple[list[Optimizer], list[Any]]:
        """Also check that D's optimizer is one whose updates can be differentiated."""
        optimizers, schedulers = super().configure_optimizers()
        if self.unroll:
            make_next_updates(optimizers[D], {})
        return optimizers, schedulers

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute L_G on m generated examples under the unrolled D."""
        x = batch[0]
        x_fake = self.generator(self.noise(len(x)))
        theta = self.unroll_discriminator(x, x_fake)
        fake = self.compute_logits_at(theta, x_fake)
        real = self.compute_logits_at(theta, x) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        self.statistics.add_g(loss)
        return loss

    def unroll_discriminator(self, x: Tensor, x_fake: Tensor) -> Theta:
        """Compute D's parameters after `unroll` updates as differentiable functions of the generated examples.

        Args:
            x: Real examples, [m, *data_shape].
            x_fake: Generated examples, [m, *data_shape], with the graph to G.

        Returns:
            Parameters by name; with unroll 0 D's own.
        """
        own: Theta = dict(self.discriminator.named_parameters())
        if not self.unroll:
            return own
        theta = {name: own[name] for name in self.trainable}
        step = make_next_updates(self.trainer.optimizers[D], theta)
        theta = {name: p.detach().requires_grad_() for name, p in theta.items()}
        for ahead in range(self.unroll):
            loss = self.compute_unrolled_d_loss(theta, x, x_fake, self.d_updates + ahead)
            gradients = average_over_devices(
                torch.autograd.grad(
                    loss, list(theta.values()), create_graph=True, allow_unused=True
                )
            )
            theta = step(theta, clip_gradients_differentiably(gradients, self.clips[D]))
        return theta

    def compute_unrolled_d_loss(
        self, theta: Theta, x: Tensor, x_fake: Tensor, update: int
    ) -> Tensor:
        """Compute D's loss and the penalties that are due at update number `update` with given parameters of D."""
        real, fake = self.compute_logits_at(theta, x), self.compute_logits_at(theta, x_fake)
        loss = self.loss.d_loss(real, fake)
        for penalty in self.penalties:
            if update % penalty.every == 0:
                term = penalty.with_graph(lambda x: self.compute_logits_at(theta, x), x, x_fake)
                loss = loss + penalty.every * term
        return loss

    def compute_logits_at(self, theta: Theta, x: Tensor) -> Tensor:
        """Compute the logits, [m], of D with given parameters."""
        return functional_call(self.discriminator, theta, (x,))
