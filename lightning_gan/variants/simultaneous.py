"""The update of the code released with Goodfellow et al. (2014): both players at once."""

from torch import Tensor

from lightning_gan.players import D, G, TwoPlayers
from lightning_gan.turns import unexchanged


class SimultaneousGAN(TwoPlayers):
    """Each minibatch moves both players, from gradients taken at the same parameters.

    Both objectives read the same noise and the same pass of D over the samples (so the same dropout masks).
    The paper's Algorithm 1 instead lets D move first and draws fresh noise for G; its released hyper-parameters name
    pylearn2's plain SGD, which does this. There is no k.
    """

    updates = "simultaneous"

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """One minibatch: one update of both players."""
        for player in (D, G):
            self.optimizer_of(player).zero_grad()
        for part in self.parts_of(batch):
            self.add_gradients(part[0])
        for player in (D, G):
            self.record.join(player, self.parts)
        for player in (D, G):
            self.move(player)

    def add_gradients(self, x: Tensor) -> None:
        """Those of both objectives, on m examples and m samples."""
        real = self.discriminator(x)
        x_fake = self.generator(self.noise(len(x)))
        fake = self.discriminator(x_fake)
        d_loss, g_loss = self.loss.d_loss(real, fake), self.loss.g_loss(fake, real)
        self.record.d(d_loss, real, fake)
        self.record.g(g_loss)
        of_d, of_g = list(self.discriminator.parameters()), list(self.generator.parameters())
        d_loss = d_loss + self.penalty(self.discriminator, x, x_fake)
        with unexchanged(self.trainer.strategy):
            self.manual_backward(d_loss / self.parts, retain_graph=True, inputs=of_d)
            self.manual_backward(g_loss / self.parts, inputs=of_g)
