"""Semi-supervised GANs, whose D classifies K classes and generated: Odena (2016); Salimans et al. (2016), section 5."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy

from lightning_gan.arguments import Count, NonNegative, Positive, Seed, Size, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import CriticInputs, D, DiscriminatorObjective
from lightning_gan.models.gan import GAN
from lightning_gan.models.labels import (
    check_classes,
    check_labels,
    draw_labelled_indices,
    predict_classes,
)
from lightning_gan.networks import Discriminator, Generator, KPlusOneDiscriminator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.ema import EMA
from lightning_gan.training.optimizers import Constant, dcgan_adam


class SemiSupervisedGAN(GAN):
    r"""GAN whose D also learns K classes from a few labelled examples.

    .. math:: L_D = - w_l \, E_{x, y \text{ labelled}} [\log p(y | x, y \leq K)]
              - w_a \, (E_x [\log D(x)] + E_z [\log (1 - D(G(z)))])

    p(y | x, y <= K) is the softmax of D's K class logits. D(x) = 1 - p(K + 1 | x) is the probability that x is real,
    where the logit of class K + 1 (generated) is fixed at 0: Salimans et al. (2016), section 5, with the weights of
    their released code, w_l = 1 and w_a = 1/2. The bracket is -L_D of `loss`, so that other objectives can be used. G
    minimises L_G of `loss`, as in Odena (2016), whose D has K + 1 free logits.

    `labels_per_class` training examples of each class are drawn when training begins; the choice depends on
    `labels_seed` alone. Training uses no other labels. The labelled examples are also among the unlabelled ones, as in
    the released code. Each update of D uses `labelled_batch` of them, in an order that depends on `labels_seed` and on
    the number of the update.

    See `GAN` for the other arguments.

    Args:
        generator: Generator G.
        discriminator: KPlusOneDiscriminator D with K classes.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        classes: Number of classes K, 1 to 2^20.
        labels_per_class: Number of labelled examples of each class, at least 1.
        labels_seed: Random seed for the choice of labelled examples, 0 to 2^32 - 1.
        labelled_batch: Number of labelled examples in an update of D, at least 1; 100 in the released code.
        label_weight: Weight w_l of the class term, at least 0.
        adversarial_weight: Weight w_a of the adversarial term, at least 0.
        d_ema_half_life: Half-life of the weight average of D that classifies, in images, above 0; None: D classifies.
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

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        classes: Size,
        labels_per_class: Count,
        labels_seed: Seed = 0,
        labelled_batch: Count = 100,
        label_weight: NonNegative = 1.0,
        adversarial_weight: NonNegative = 0.5,
        d_ema_half_life: Positive | None = None,
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
        check_classes(discriminator, KPlusOneDiscriminator, classes)
        self.classes, self.labels_per_class = classes, labels_per_class
        self.labels_seed, self.labelled_batch = labels_seed, labelled_batch
        self.label_weight, self.adversarial_weight = label_weight, adversarial_weight
        self.d_ema = EMA(discriminator, d_ema_half_life) if d_ema_half_life is not None else None

    def setup(self, stage: str) -> None:
        """Also draw the labelled examples before training."""
        super().setup(stage)
        if stage == "fit":
            data: Any = getattr(self.trainer, "datamodule", None)
            check_labels(data, self.classes)
            pick = draw_labelled_indices(
                data.labels("train"), self.labels_per_class, self.labels_seed
            )
            self.labelled = data.images("train")[pick], data.labels("train")[pick]

    def labelled_minibatch(self) -> tuple[Tensor, Tensor]:
        """Return labelled examples and their classes for D's next update, [labelled_batch, ...]; rank-dependent."""
        index = self.d_updates * self.trainer.world_size + self.trainer.global_rank
        (x, y), m = self.labelled, self.labelled_batch
        first, last = index * m // len(y), ((index + 1) * m - 1) // len(y)
        epochs = [shuffle_indices(len(y), self.labels_seed, e) for e in range(first, last + 1)]
        pick = torch.cat(epochs)[index * m - first * len(y) :][:m]
        options = {"device": self.device, "non_blocking": True}  # does not wait for the copy
        return x[pick].to(dtype=self.dtype, **options), y[pick].to(**options)

    def d_objective(self, batch: list[Tensor]) -> DiscriminatorObjective:
        """Compute L_D on labelled examples, m unlabelled real examples and m generated ones, and D's penalties."""
        x, (x_labelled, y) = batch[0], self.labelled_minibatch()
        with torch.no_grad():
            x_fake = self.generator(self.noise(len(x)))
        real, fake = self.discriminator(x), self.discriminator(x_fake)
        class_loss = cross_entropy(self.classifier.logits(x_labelled), y)
        loss = self.loss.d_loss(real, fake)
        self.statistics.add_d(loss, real, fake)
        self.statistics.add_term("class_loss", class_loss)
        total = self.label_weight * class_loss + self.adversarial_weight * loss
        return DiscriminatorObjective(total, [CriticInputs(self.discriminator, x, x_fake)])

    @property
    def classifier(self) -> KPlusOneDiscriminator:
        """The discriminator, typed as a classifier."""
        return cast(KPlusOneDiscriminator, self.discriminator)

    def step_optimizer(self, network: int) -> None:
        """Also update the weight average of D after an update of D."""
        super().step_optimizer(network)
        if network == D and self.d_ema:
            self.d_ema.step(self.discriminator, images=self.m, update=self.d_updates)

    def classify(self, x: Tensor) -> Tensor:
        """Predict the classes, int64 [n], of examples, [n, *data_shape], with D's weight average if there is one."""
        module = self.d_ema.module if self.d_ema else self.classifier
        classifier = cast(KPlusOneDiscriminator, module)
        return predict_classes(classifier, classifier.logits, x.to(self.device))

    @property
    def labels_used(self) -> str:
        """Number of labels that training uses, in words."""
        return (
            f"{self.labels_per_class * self.classes} labels, {self.labels_per_class} of each class"
        )

    @property
    def classifier_name(self) -> str:
        """Network that classifies and the seed of its labels, in words."""
        return f"{'average of D' if self.d_ema else 'D'}, labels drawn with seed {self.labels_seed}"


class FeatureMatchingGAN(SemiSupervisedGAN):
    r"""Semi-supervised GAN whose G matches the mean features of real examples: Salimans et al. (2016), section 3.1.

    .. math:: L_G = \lVert E_x f(x) - E_z f(G(z)) \rVert_2^2

    f(x) is the input of D's last layer. The means are over the minibatch of all devices. The released code takes the
    mean over features where the paper takes the sum. Compared with other objectives, D classifies better and the
    generated images are worse (section 6.1).
    """

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute L_G on m real and m generated examples."""
        x = batch[0]
        with torch.no_grad():
            real_mean = self.classifier.features(x).mean(0)
        fake_mean = self.classifier.features(self.generator(self.noise(len(x)))).mean(0)
        loss = collectives.all_mean(real_mean - fake_mean).square().sum()
        self.statistics.add_g(loss)
        return loss


def shuffle_indices(n: int, seed: int, epoch: int) -> Tensor:
    """Return a random permutation of 0 to n - 1 that depends on the seed and the epoch; no global state is used."""
    rng = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**32)
    return torch.randperm(n, generator=rng)
