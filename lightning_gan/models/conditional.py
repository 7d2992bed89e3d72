"""Conditional GANs: both networks are told c. Goodfellow et al. (2014), section 7; Mirza & Osindero (2014).

V(D, G) = E[log D(x, c)] + E[log(1 - D(G(z, c), c))]: the same c on both sides, x and c from the data. The order of
moves is Algorithm 1's.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lightning_gan.arguments import Count, Positive, Size, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.gan import GAN
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.utils.errors import UserError


class ConditionalModel(GAN, ABC):
    """A model of p(x | c), whatever c is: networks with a `condition_dim`, G(z, c) and D(x, c).

    A subclass says what c is of a minibatch, and which c samples have when nobody asks for one.
    """

    @abstractmethod
    def condition(self, batch: list[Tensor], rng: torch.Generator | None = None) -> Tensor:
        """What both networks are told of m examples, c [m, condition_dim]; what is random in it comes from `rng`."""

    @abstractmethod
    def default_condition(self, m: int) -> Tensor:
        """The c of m samples of which only the number was asked, [m, condition_dim]."""

    def noise(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """What m samples are made of when nobody asks for a condition: z and c, [m, z_dim + condition_dim]."""
        return self.concat_condition(self.default_condition(m), rng)

    def concat_condition(self, c: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Noise z ~ p(z) and conditions, [m, condition_dim], side by side, as `generate` reads them."""
        z = super().noise(len(c), rng)
        return torch.cat([z, c.to(z)], dim=1)

    def d_objective(self, batch: list[Tensor]) -> Tensor:
        """L_D on m examples and on m samples with the examples' conditions."""
        x, c = batch[0], self.condition(batch)
        with torch.no_grad():
            x_fake = self.generator(self.concat_condition(c))
        real, fake = self.discriminator(x, c), self.discriminator(x_fake, c)
        loss = self.loss.d_loss(real, fake)
        self.statistics.d(loss, real, fake)
        return loss + self.penalty(lambda x: self.discriminator(x, c), x, x_fake)

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """L_G on m fresh samples with the conditions of m examples."""
        x, c = batch[0], self.condition(batch)
        fake = self.discriminator(self.generator(self.concat_condition(c)), c)
        real = self.discriminator(x, c) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        self.statistics.g(loss)
        return loss

    def compute_logits(self, batch: list[Tensor], rng: torch.Generator) -> Tensor:
        """D's scores of m examples with their own conditions, [m]."""
        return self.discriminator(batch[0], self.condition(batch, rng))

    def scores(self, batch: list[Tensor], rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """D's scores of m examples and of m samples with the examples' conditions, [m] each."""
        c = self.condition(batch, rng)
        return self.discriminator(batch[0], c), self.discriminator(
            self.generator(self.concat_condition(c, rng)), c
        )

    def check_condition(self, wanted: int, what: str) -> None:
        """Both networks must read a condition of this many numbers.

        Raises:
            ValueError: naming the network and both numbers.
        """
        check_reads("G", self.generator, wanted, what)
        check_reads("D", self.discriminator, wanted, what)


def check_reads(letter: str, network: nn.Module, wanted: int, what: str) -> None:
    """A network must read a condition of this many numbers.

    Raises:
        ValueError: naming the network and both numbers.
    """
    read = getattr(network, "condition_dim", 0)
    if read != wanted:
        kind = "Generator" if letter == "G" else "Discriminator"
        raise UserError(
            f"{letter} ({type(network).__name__}) reads a condition of {read} numbers, but {what} are {wanted}: "
            f"make it a network with condition_dim {wanted}, such as Conditional{kind}."
        )


class ConditionalGAN(ConditionalModel):
    """p(x | y) for labels y = 0, ..., K - 1: both networks are told y as a vector of K numbers, one of them 1.

    See `GAN` for the other arguments.

    Args:
        generator: G(z, c), with condition_dim K.
        discriminator: D(x, c), with condition_dim K.
        loss: what each of them minimises.
        prior: p(z).
        classes: K, 1 to 2^20.
        k: the number of D's updates for each of G's, at least 1.
        d_optimizer: of D.
        g_optimizer: of G.
        d_scheduler: of D's optimizer.
        g_scheduler: of G's optimizer.
        ema_half_life: the half-life of the average of G that is shown and scored, in images, above 0; None: no
            average.
        d_clip: the largest norm of D's gradient, above 0; None: no clipping.
        g_clip: the largest norm of G's gradient, above 0; None: no clipping.
        regularizers: of D.
    """

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        classes: Size,
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
        self.classes = classes
        self.check_condition(classes, "the classes")

    def setup(self, stage: str) -> None:
        """Before the first step: the data must have so many classes."""
        data = getattr(self.trainer, "datamodule", None)
        held = getattr(data, "num_classes", self.classes)
        if held != self.classes:
            if held == 1:
                raise UserError(
                    f"The data have no labels, but this model is told which of {self.classes} classes an image is of: "
                    f"put images into a folder for each class, or take a model without classes, such as GAN."
                )
            raise UserError(
                f"The data have {held} classes, but the model was made for {self.classes}: set its classes, and "
                f"condition_dim of both networks, to {held}."
            )
        super().setup(stage)

    def condition(self, batch: list[Tensor], rng: torch.Generator | None = None) -> Tensor:
        """The classes of m examples, [m, K]."""
        if len(batch) < 2:
            raise UserError(
                f"A minibatch without labels came: give [x, y], y being classes 0 to {self.classes - 1}."
            )
        # where labels lie on a GPU, looking at them would wait for it
        return self.encode_condition(
            batch[1], check=batch[1].device.type == "cpu" or not self.d_updates
        )

    def encode_condition(self, y: Tensor, check: bool = True) -> Tensor:
        """Classes, integers [m], as the networks are told them, [m, K].

        Args:
            y: the classes.
            check: whether to check their range.

        Raises:
            ValueError: naming a label that is no class.
        """
        if y.is_floating_point() or y.dim() != 1:
            raise UserError(
                f"Labels of {y.dtype}, {list(y.shape)}, came: give integers 0 to {self.classes - 1}, [m]."
            )
        if check and len(y) and not 0 <= y.min() <= y.max() < self.classes:
            wrong = y[(y < 0) | (y >= self.classes)][0].item()
            raise UserError(f"Label {wrong} came, but the classes are 0 to {self.classes - 1}.")
        return one_hot(y.long(), self.classes).float()

    def default_condition(self, m: int) -> Tensor:
        """The classes in turn, so that all are shown and scored equally often."""
        return self.encode_condition(torch.arange(m) % self.classes)

    def sample_classes(self, classes: Sequence[int], seed: int = 0) -> Tensor:
        """Draw a sample of each of these classes, [n, *data_shape], that depend on the seed alone."""
        c = self.encode_condition(torch.as_tensor(classes, dtype=torch.long))
        return self.generate(self.concat_condition(c, torch.Generator().manual_seed(seed)))
