"""SimultaneousGAN: one update of both networks at once, as in the code released with Goodfellow et al. (2014)."""

from collections.abc import Sequence

from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from lightning_gan.arguments import Positive, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import CriticInputs, D, DiscriminatorObjective, G
from lightning_gan.models.noise import NoiseModel
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.manual_optimization import no_gradient_sync
from lightning_gan.training.optimizers import Constant, dcgan_adam


class SimultaneousGAN(NoiseModel):
    """GAN whose two networks are updated on each minibatch, with gradients taken at the same parameters.

    Both objectives use the same noise and the same forward pass of D on the generated examples, and so the same dropout
    masks. The paper's Algorithm 1 updates D first and draws fresh noise for G. The hyper-parameter files released with
    the paper name pylearn2's plain SGD, which updates both networks at once. There is no k.

    See `GAN` for the arguments.
    """

    updates = "simultaneous"

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
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
        self.prior = prior

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Update both networks on one minibatch."""
        for network in (D, G):
            self.get_optimizer(network).zero_grad()
        for part in self.split_microbatches(batch):
            self.add_gradients(part[0])
        for network in (D, G):
            self.statistics.merge_microbatches(network, self.microbatches)
        for network in (D, G):
            self.step_optimizer(network)

    def add_gradients(self, x: Tensor) -> None:
        """Add the gradients of both objectives on m real and m generated examples."""
        real = self.discriminator(x)
        x_fake = self.generator(self.noise(len(x)))
        fake = self.discriminator(x_fake)
        d_loss, g_loss = self.loss.d_loss(real, fake), self.loss.g_loss(fake, real)
        self.statistics.add_d(d_loss, real, fake)
        self.statistics.add_g(g_loss)
        d_parameters = list(self.discriminator.parameters())
        g_parameters = list(self.generator.parameters())
        inputs = CriticInputs(self.discriminator, x, x_fake)
        d_loss = self.regularize(DiscriminatorObjective(d_loss, [inputs]))
        with no_gradient_sync(self.trainer.strategy):
            self.manual_backward(d_loss / self.microbatches, retain_graph=True, inputs=d_parameters)
            self.manual_backward(g_loss / self.microbatches, inputs=g_parameters)
