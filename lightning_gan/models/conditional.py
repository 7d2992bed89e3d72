"""Conditional GANs, whose networks both read a condition c: Goodfellow et al. (2014), sec. 7; Mirza & Osindero (2014).

V(D, G) = E[log D(x, c)] + E[log(1 - D(G(z, c), c))] with x and c from the data. The updates are those of Algorithm 1.
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
from lightning_gan.models.objectives import CriticInputs, DiscriminatorObjective
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.utils.errors import UserError


class ConditionalModel(GAN, ABC):
    """Base class of models of p(x | c) with networks G(z, c) and D(x, c) that have a `condition_dim`.

    A subclass defines c for a minibatch, and a default c for sampling.
    """

    @abstractmethod
    def condition(self, batch: list[Tensor], rng: torch.Generator | None = None) -> Tensor:
        """Return the conditions c of m real examples, [m, condition_dim]; a random part is drawn from `rng`."""

    @abstractmethod
    def default_condition(self, m: int) -> Tensor:
        """Return the conditions of m generated examples when the caller gives none, [m, condition_dim]."""

    def sample_inputs(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw noise z and append the default conditions c, [m, z_dim + condition_dim]."""
        return self.concat_condition(self.default_condition(m), rng)

    def concat_condition(self, c: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Draw noise z and append conditions c, [m, condition_dim]: [m, z_dim + condition_dim], as `generate` reads."""
        z = self.noise(len(c), rng)
        return torch.cat([z, c.to(z)], dim=1)

    def d_objective(self, batch: list[Tensor]) -> DiscriminatorObjective:
        """Compute D's loss and its penalties on m real and m generated examples with the same conditions."""
        x, c = batch[0], self.condition(batch)
        with torch.no_grad():
            x_fake = self.generator(self.concat_condition(c))
        real, fake = self.discriminator(x, c), self.discriminator(x_fake, c)
        loss = self.loss.d_loss(real, fake)
        self.statistics.add_d(loss, real, fake)
        inputs = CriticInputs(lambda x: self.discriminator(x, c), x, x_fake)
        return DiscriminatorObjective(loss, [inputs])

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute G's loss on m generated examples with the conditions of m real ones."""
        x, c = batch[0], self.condition(batch)
        fake = self.discriminator(self.generator(self.concat_condition(c)), c)
        real = self.discriminator(x, c) if self.loss.needs_paired_batches else None
        loss = self.loss.g_loss(fake, real)
        self.statistics.add_g(loss)
        return loss

    def compute_real_logits(self, batch: list[Tensor], rng: torch.Generator) -> Tensor:
        """Compute D's logits of m real examples with their conditions, [m]."""
        return self.discriminator(batch[0], self.condition(batch, rng))

    def compute_logits_pair(
        self, batch: list[Tensor], rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Compute D's logits of m real and of m generated examples with the same conditions, [m] each."""
        c = self.condition(batch, rng)
        return self.discriminator(batch[0], c), self.discriminator(
            self.generator(self.concat_condition(c, rng)), c
        )

    def check_condition(self, condition_dim: int, what: str) -> None:
        """Check that both networks read conditions of a given size.

        Args:
            condition_dim: Size of a condition.
            what: Content of a condition, for the error message, in the plural.

        Raises:
            UserError: A network reads conditions of another size.
        """
        check_condition_dim("G", self.generator, condition_dim, what)
        check_condition_dim("D", self.discriminator, condition_dim, what)


def check_condition_dim(letter: str, network: nn.Module, condition_dim: int, what: str) -> None:
    """Check that one network reads conditions of a given size.

    Args:
        letter: Letter of the network, G or D.
        network: The network.
        condition_dim: Size of a condition.
        what: Content of a condition, for the error message, in the plural.

    Raises:
        UserError: The network reads conditions of another size.
    """
    found = getattr(network, "condition_dim", 0)
    if found != condition_dim:
        kind = "Generator" if letter == "G" else "Discriminator"
        raise UserError(
            f"{letter} ({type(network).__name__}) reads a condition of {found} numbers, but {what} are "
            f"{condition_dim}: give a network with condition_dim {condition_dim}, such as Conditional{kind}."
        )


class ConditionalGAN(ConditionalModel):
    """Model of p(x | y) for classes y = 0, ..., K - 1, which both networks read as one-hot vectors.

    See `GAN` for the other arguments.

    Args:
        generator: Generator G(z, c) with condition_dim K.
        discriminator: Discriminator D(x, c) with condition_dim K.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        classes: Number of classes K, 1 to 2^20.
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
        """Also check that the data have as many classes as the model.

        Raises:
            UserError: The data have no labels or another number of classes.
        """
        data = getattr(self.trainer, "datamodule", None)
        found = getattr(data, "num_classes", self.classes)
        if found != self.classes:
            if found == 1:
                raise UserError(
                    f"{type(self).__name__} needs labels of {self.classes} classes, but the data have no labels: put "
                    f"images into a folder for each class, or use a model without classes, such as GAN."
                )
            raise UserError(
                f"The data have {found} classes, but the model has {self.classes}: set classes of the model, and "
                f"condition_dim of both networks, to {found}."
            )
        super().setup(stage)

    def condition(self, batch: list[Tensor], rng: torch.Generator | None = None) -> Tensor:
        """Return the classes of m real examples as one-hot vectors, [m, K].

        Raises:
            UserError: The minibatch has no labels, or a label is no class.
        """
        if len(batch) < 2:
            raise UserError(
                f"The minibatch has no labels: give [x, y], y being classes 0 to {self.classes - 1}."
            )
        # checking labels on a GPU would synchronise with it
        return self.encode_condition(
            batch[1], check=batch[1].device.type == "cpu" or not self.d_updates
        )

    def encode_condition(self, y: Tensor, check: bool = True) -> Tensor:
        """Encode classes as one-hot vectors.

        Args:
            y: Classes, integers [m].
            check: Whether to check their range.

        Returns:
            One-hot vectors, float32 [m, K].

        Raises:
            UserError: A label is no class.
        """
        if y.is_floating_point() or y.dim() != 1:
            raise UserError(
                f"The labels are {y.dtype} of shape {list(y.shape)}: give integers 0 to {self.classes - 1}, [m]."
            )
        if check and len(y) and not 0 <= y.min() <= y.max() < self.classes:
            wrong = y[(y < 0) | (y >= self.classes)][0].item()
            raise UserError(
                f"A label is {wrong}, but the classes are 0 to {self.classes - 1}: give integers in that range."
            )
        return one_hot(y.long(), self.classes).float()

    def default_condition(self, m: int) -> Tensor:
        """Return the classes 0, 1, ..., K - 1, 0, ... as one-hot vectors, so that all are equally frequent, [m, K]."""
        return self.encode_condition(torch.arange(m) % self.classes)

    def sample_classes(self, classes: Sequence[int], seed: int = 0) -> Tensor:
        """Generate one example of each of the given classes from seeded noise, [n, *data_shape]."""
        c = self.encode_condition(torch.as_tensor(classes, dtype=torch.long))
        return self.generate(self.concat_condition(c, torch.Generator().manual_seed(seed)))
