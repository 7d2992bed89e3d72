"""Auxiliary classifier GANs: Odena et al. (2017), "Conditional image synthesis with auxiliary classifier GANs"."""

from collections.abc import Sequence
from typing import cast

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy

from lightning_gan.arguments import Count, NonNegative, Positive, Size, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.conditional import ConditionalGAN, check_reads
from lightning_gan.models.labels import check_classes, predict_classes
from lightning_gan.networks import AuxiliaryClassifierDiscriminator, Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam


class ACGAN(ConditionalGAN):
    r"""G is told the class, D is not: it has to say it, and G has to make what D can read (Odena et al. 2017, sec. 3).

    .. math:: L_S = E[\log P(S = real | X_{real})] + E[\log P(S = fake | X_{fake})], \quad
              L_C = E[\log P(C = c | X_{real})] + E[\log P(C = c | X_{fake})]

    D ascends L_S + w L_C, G ascends w L_C - L_S: equations 2 and 3, with w = 1. L_S is -L_D of `loss`; -L_S stands
    for L_G of `loss`, so that `Minimax` is the paper's equation and `NonSaturating` what is usually trained. c of a
    sample is that of an example of the same minibatch, a draw from the data's p(c).

    The logged train/class_loss and train/g_class_loss are -L_C as D and as G meet it, in nats, without w; G's has the
    samples' term alone.

    See `GAN` for the other arguments.

    Args:
        generator: G(z, c), with condition_dim K.
        discriminator: D: an AuxiliaryClassifierDiscriminator of K classes.
        loss: what each of them minimises.
        prior: p(z).
        classes: K, 1 to 2^20.
        weight: w, at least 0.
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

    labels_given_count = "every training label"
    """Which labels training looks at, in words."""
    predict_with = "D"
    """Who classifies, in words."""

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        classes: Size,
        weight: NonNegative = 1.0,
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
            generator, discriminator, loss, prior, classes, k,
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        self.weight = weight

    def check_condition(self, wanted: int, what: str) -> None:
        """G must read the classes, and D say them.

        Raises:
            ValueError: naming the network and both numbers.
        """
        check_reads("G", self.generator, wanted, what)
        check_classes(self.discriminator, AuxiliaryClassifierDiscriminator, wanted)

    @property
    def classifier(self) -> AuxiliaryClassifierDiscriminator:
        """D, as the classifier that it is."""
        return cast(AuxiliaryClassifierDiscriminator, self.discriminator)

    def d_objective(self, batch: list[Tensor]) -> Tensor:
        """-(L_S + w L_C) on m examples, and on m samples of the same classes."""
        x, c = batch[0], self.condition(batch)
        with torch.no_grad():
            x_fake = self.generator(self.concat_condition(c))
        (real, said), (fake, said_fake) = (
            self.classifier.logits_and_classes(x),
            self.classifier.logits_and_classes(x_fake),
        )
        loss = self.loss.d_loss(real, fake)
        y = c.argmax(1)
        class_loss = cross_entropy(said, y) + cross_entropy(said_fake, y)
        self.statistics.d(loss, real, fake)
        self.statistics.term("class_loss", class_loss)
        return loss + self.weight * class_loss + self.penalty(self.discriminator, x, x_fake)

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """L_G - w L_C on m fresh samples with the classes of m examples."""
        x, c = batch[0], self.condition(batch)
        fake, said = self.classifier.logits_and_classes(self.generator(self.concat_condition(c)))
        real = self.discriminator(x) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        class_loss = cross_entropy(said, c.argmax(1))
        self.statistics.g(loss)
        self.statistics.term("g_class_loss", class_loss)
        return loss + self.weight * class_loss

    def compute_logits(self, batch: list[Tensor], rng: torch.Generator) -> Tensor:
        """D's scores of m examples, [m]; D reads no condition."""
        return self.discriminator(batch[0])

    def scores(self, batch: list[Tensor], rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """D's scores of m examples and of m samples with the examples' classes, [m] each."""
        x_fake = self.generator(self.concat_condition(self.condition(batch, rng), rng))
        return self.discriminator(batch[0]), self.discriminator(x_fake)

    def classify(self, x: Tensor) -> Tensor:
        """Classes, int64 [n], that D sees in examples, [n, *data_shape]."""
        D = self.classifier
        return predict_classes(D, lambda part: D.logits_and_classes(part)[1], x.to(self.device))
