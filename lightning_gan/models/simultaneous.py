"""The update of the code released with Goodfellow et al. (2014): both networks at once."""

from torch import Tensor

from lightning_gan.models.base import AdversarialModel, D, G
from lightning_gan.training.manual_optimization import no_gradient_sync


class SimultaneousGAN(AdversarialModel):
    """Each minibatch moves both networks, from gradients taken at the same parameters.

    Both objectives read the same noise and the same pass of D over the samples (so the same dropout masks).
    The paper's Algorithm 1 instead lets D move first and draws fresh noise for G; its released hyper-parameters name
    pylearn2's plain SGD, which does this. There is no k.
    """

    updates = "simultaneous"

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """One minibatch: one update of both networks."""
        for network in (D, G):
            self.optimizer_of(network).zero_grad()
        for part in self.split_microbatches(batch):
            self.add_gradients(part[0])
        for network in (D, G):
            self.statistics.merge_microbatches(network, self.microbatches)
        for network in (D, G):
            self.step_optimizer(network)

    def add_gradients(self, x: Tensor) -> None:
        """Those of both objectives, on m examples and m samples."""
        real = self.discriminator(x)
        x_fake = self.generator(self.noise(len(x)))
        fake = self.discriminator(x_fake)
        d_loss, g_loss = self.loss.d_loss(real, fake), self.loss.g_loss(fake, real)
        self.statistics.d(d_loss, real, fake)
        self.statistics.g(g_loss)
        of_d, of_g = list(self.discriminator.parameters()), list(self.generator.parameters())
        d_loss = d_loss + self.penalty(self.discriminator, x, x_fake)
        with no_gradient_sync(self.trainer.strategy):
            self.manual_backward(d_loss / self.microbatches, retain_graph=True, inputs=of_d)
            self.manual_backward(g_loss / self.microbatches, inputs=of_g)
