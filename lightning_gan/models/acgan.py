"""ACGAN: Odena et al. (2017), "Conditional image synthesis with auxiliary classifier GANs"."""

from collections.abc import Sequence
from typing import cast

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy

from lightning_gan.arguments import Count, NonNegative, Positive, Size, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.conditional import ConditionalGAN, check_condition_dim
from lightning_gan.models.labels import check_classes, predict_classes
from lightning_gan.models.objectives import CriticInputs, DiscriminatorObjective
from lightning_gan.networks import AuxiliaryClassifierDiscriminator, Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam


class ACGAN(ConditionalGAN):
    r"""GAN whose G reads a class and whose D predicts it: the auxiliary classifier GAN of Odena et al. (2017), sec. 3.

    .. math:: L_S = E[\log P(S = real | X_{real})] + E[\log P(S = fake | X_{fake})], \quad
              L_C = E[\log P(C = c | X_{real})] + E[\log P(C = c | X_{fake})]

    D maximises L_S + w L_C, G maximises w L_C - L_S: equations 2 and 3, where w = 1. L_S is -L_D of `loss` for D and
    L_G of `loss` for G, so that `Minimax` is the paper's equation and `NonSaturating` is what is usually trained. Each
    generated example gets the class of a real example of the same minibatch.

    The metrics train/class_loss and train/g_class_loss are -L_C of D and of G in nats, without w; that of G has only
    the term of the generated examples.

    See `GAN` for the other arguments.

    Args:
        generator: Generator G(z, c) with condition_dim K.
        discriminator: AuxiliaryClassifierDiscriminator D with K classes.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        classes: Number of classes K, 1 to 2^20.
        weight: Weight w of the class term, at least 0.
        k: Number of D's updates for each update of G, at least 1.
        d_optimizer: Optimizer for D.
        g_optimizer: Optimizer for G.
        d_scheduler: Learning-rate scheduler for D.
        g_scheduler: Learning-rate scheduler for G.
        ema_half_life: Half-life of the weight average of G that is sampled and evaluated, in images, above 0; None:
            no average.
        d_clip: Largest norm of D's gradient, above 0; None: no clipping.
        g_clip: Largest norm of G's gradient, above 0; None: no clipping.
        regularizers: Regularizers of D.
    """

    labels_used = "every training label"
    """Labels that training uses, in words."""
    classifier_name = "D"
    """Network that classifies, in words."""

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

    def check_condition(self, condition_dim: int, what: str) -> None:
        """Check that G reads the classes and that D predicts them.

        Raises:
            UserError: G reads a condition of another size, or D predicts no classes or another number of them.
        """
        check_condition_dim("G", self.generator, condition_dim, what)
        check_classes(self.discriminator, AuxiliaryClassifierDiscriminator, condition_dim)

    @property
    def classifier(self) -> AuxiliaryClassifierDiscriminator:
        """The discriminator, typed as a classifier."""
        return cast(AuxiliaryClassifierDiscriminator, self.discriminator)

    def d_objective(self, batch: list[Tensor]) -> DiscriminatorObjective:
        """Compute -(L_S + w L_C) on m real examples and on m generated ones of the same classes."""
        x, c = batch[0], self.condition(batch)
        with torch.no_grad():
            x_fake = self.generator(self.concat_condition(c))
        real, real_classes = self.classifier.logits_and_classes(x)
        fake, fake_classes = self.classifier.logits_and_classes(x_fake)
        loss = self.loss.d_loss(real, fake)
        y = c.argmax(1)
        class_loss = cross_entropy(real_classes, y) + cross_entropy(fake_classes, y)
        self.statistics.add_d(loss, real, fake)
        self.statistics.add_term("class_loss", class_loss)
        loss = loss + self.weight * class_loss
        return DiscriminatorObjective(loss, [CriticInputs(self.discriminator, x, x_fake)])

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute L_G - w L_C on m generated examples with the classes of m real ones."""
        x, c = batch[0], self.condition(batch)
        x_fake = self.generator(self.concat_condition(c))
        fake, fake_classes = self.classifier.logits_and_classes(x_fake)
        real = self.discriminator(x) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        class_loss = cross_entropy(fake_classes, c.argmax(1))
        self.statistics.add_g(loss)
        self.statistics.add_term("g_class_loss", class_loss)
        return loss + self.weight * class_loss

    def compute_real_logits(self, batch: list[Tensor], rng: torch.Generator) -> Tensor:
        """Compute D's logits of m real examples, [m]; D reads no condition."""
        return self.discriminator(batch[0])

    def compute_logits_pair(
        self, batch: list[Tensor], rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Compute D's logits of m real examples and of m generated ones of the same classes, [m] each."""
        x_fake = self.generator(self.concat_condition(self.condition(batch, rng), rng))
        return self.discriminator(batch[0]), self.discriminator(x_fake)

    def classify(self, x: Tensor) -> Tensor:
        """Predict the classes, int64 [n], of examples, [n, *data_shape], with D."""
        D = self.classifier
        return predict_classes(D, lambda part: D.logits_and_classes(part)[1], x.to(self.device))
