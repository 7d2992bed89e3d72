"""Classes from few labels: D tells K classes and "a sample" apart. Odena (2016); Salimans et al. (2016), section 5."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.nn.functional import cross_entropy

from lightning_gan.arguments import Count, NonNegative, Positive, Seed, Size, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.base import D
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
    r"""D also learns classes from a few labelled examples; all others, and samples, come to it without a label.

    .. math:: L_D = - w_l \, E_{x, y \text{ labelled}} [\log p(y | x, y \leq K)]
              - w_a \, (E_x [\log D(x)] + E_z [\log (1 - D(G(z)))])

    p(y | x, y <= K) is the softmax of D's K logits. D(x) = 1 - p(K + 1 | x) is that an example is of any class, where
    the logit of class K + 1, "a sample", is held at 0: Salimans et al. (2016), section 5, with their released weights
    w_l = 1, w_a = 1/2. The bracket is -L_D of `loss`, so another objective can stand there. G descends L_G of `loss`,
    as in Odena (2016), whose D is the same but for the spare logit.

    When training begins, `labels_per_class` training examples of each class are drawn by `labels_seed`, whatever the
    other seeds are. Those labels are the only ones that training looks at; their examples stay among the unlabelled
    ones too, as in the released code. Each update of D sees `labelled_batch` of them, in shuffled rounds whose order
    follows from the seed and the number of the update.

    See `GAN` for the other arguments.

    Args:
        generator: G.
        discriminator: D: a KPlusOneDiscriminator of K classes.
        loss: what each of them minimises.
        prior: p(z).
        classes: K, 1 to 2^20.
        labels_per_class: labelled examples of each class, at least 1.
        labels_seed: of which they are, 0 to 2^32 - 1.
        labelled_batch: labelled examples in an update of D, at least 1; 100 in the released code.
        label_weight: w_l, at least 0.
        adversarial_weight: w_a, at least 0.
        d_ema_half_life: of the average of D that classifies, in images, above 0; none: D itself does.
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
        """Before the first step: draw the examples whose labels are known."""
        super().setup(stage)
        if stage == "fit":
            data: Any = getattr(self.trainer, "datamodule", None)
            check_labels(data, self.classes)
            pick = draw_labelled_indices(
                data.labels("train"), self.labels_per_class, self.labels_seed
            )
            self.known = data.images("train")[pick], data.labels("train")[pick]

    def known_minibatch(self) -> tuple[Tensor, Tensor]:
        """Examples and their labels for D's next update, [labelled_batch, ...]; others on each process."""
        turn = self.d_updates * self.trainer.world_size + self.trainer.global_rank
        (x, y), m = self.known, self.labelled_batch
        first, last = turn * m // len(y), ((turn + 1) * m - 1) // len(y)
        rounds = [shuffled(len(y), self.labels_seed, r) for r in range(first, last + 1)]
        pick = torch.cat(rounds)[turn * m - first * len(y) :][:m]
        there = {"device": self.device, "non_blocking": True}  # the host goes on
        return x[pick].to(dtype=self.dtype, **there), y[pick].to(**there)

    def d_objective(self, batch: list[Tensor]) -> Tensor:
        """L_D on labelled examples, on m others whose labels nobody reads, and on m samples."""
        x, (known, y) = batch[0], self.known_minibatch()
        with torch.no_grad():
            x_fake = self.generator(self.noise(len(x)))
        real, fake = self.discriminator(x), self.discriminator(x_fake)
        class_loss = cross_entropy(self.classifier.logits(known), y)
        loss = self.loss.d_loss(real, fake)
        self.statistics.d(loss, real, fake)
        self.statistics.term("class_loss", class_loss)
        message = self.label_weight * class_loss + self.adversarial_weight * loss
        return message + self.penalty(self.discriminator, x, x_fake)

    @property
    def classifier(self) -> KPlusOneDiscriminator:
        """D, as the classifier that it is."""
        return cast(KPlusOneDiscriminator, self.discriminator)

    def step_optimizer(self, network: int) -> None:
        """As ever; the average of D follows D."""
        super().step_optimizer(network)
        if network == D and self.d_ema:
            self.d_ema.step(self.discriminator, images=self.m, update=self.d_updates)

    def classify(self, x: Tensor) -> Tensor:
        """Classes, int64 [n], that D, or its average where one is kept, sees in examples, [n, *data_shape]."""
        asked = cast(KPlusOneDiscriminator, self.d_ema.module if self.d_ema else self.classifier)
        return predict_classes(asked, asked.logits, x.to(self.device))

    @property
    def labels_given_count(self) -> str:
        """How many labels training looks at, in words."""
        return (
            f"{self.labels_per_class * self.classes} labels, {self.labels_per_class} of each class"
        )

    @property
    def predict_with(self) -> str:
        """Who classifies, and which labels it knew, in words."""
        return f"{'average of D' if self.d_ema else 'D'}, labels drawn with seed {self.labels_seed}"


class FeatureMatchingGAN(SemiSupervisedGAN):
    r"""G makes samples whose mean features are those of examples: Salimans et al. (2016), section 3.1.

    .. math:: L_G = \lVert E_x f(x) - E_z f(G(z)) \rVert_2^2

    The means are those of the minibatch, over all devices. f is what D's last layer reads. The released code has the
    mean over features where the paper has the sum. G's samples are worse than those of other objectives, and D's
    classes better: section 6.1.
    """

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """L_G on m examples and m fresh samples."""
        x = batch[0]
        with torch.no_grad():
            wanted = self.classifier.features(x).mean(0)
        found = self.classifier.features(self.generator(self.noise(len(x)))).mean(0)
        loss = collectives.all_mean(wanted - found).square().sum()
        self.statistics.g(loss)
        return loss


def shuffled(n: int, seed: int, number: int) -> Tensor:
    """The order of round `number`, a permutation [n]; no global random number is drawn."""
    rng = torch.Generator().manual_seed((seed * 1_000_003 + number) % 2**32)
    return torch.randperm(n, generator=rng)
