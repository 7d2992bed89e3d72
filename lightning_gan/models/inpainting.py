"""One network for all conditionals p(x_S | x_not-S): Goodfellow et al. (2014), section 7."""

from collections.abc import Sequence

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from lightning_gan.arguments import Count, Positive, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.conditional import ConditionalModel
from lightning_gan.models.masks import Masks, check_mask
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.utils.errors import UserError


class InpaintingGAN(ConditionalModel):
    """Both networks are told which numbers of x are observed, and their values: c is mask * x and mask, flat.

    "One can approximately model all conditionals p(x_S | x_not-S) where S is a subset of the indices of x by training
    a family of conditional models that share parameters": each S is a member of the family, and a mask that hides S
    picks it. G keeps what is observed. A new mask is drawn for each example; its c is the same for the example and for
    the sample. Samples that nobody gives a mask for are of p(x): nothing is observed.

    See `GAN` for the other arguments.

    Args:
        generator: G(z, c) that keeps what is observed: MaskedGenerator.
        discriminator: D(x, c), with condition_dim 2 * data_size.
        loss: what each of them minimises.
        prior: p(z).
        masks: which subsets are observed while training.
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
        masks: Masks,
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
        self.check_condition(2 * generator.data_size, "the observed numbers and the mask")
        masks.draw(
            1, generator.data_shape, torch.Generator().manual_seed(0)
        )  # are there any for this shape?
        self.masks = masks

    def condition(self, batch: list[Tensor], rng: torch.Generator | None = None) -> Tensor:
        """What is observed of m examples, each under a mask of its own, [m, 2 * data_size]."""
        x = batch[0]

        def draw(n: int) -> Tensor:
            drawn = self.masks.draw(n, self.generator.data_shape, rng)  # on the CPU
            return drawn.to(x.device, non_blocking=True)  # the host goes on

        return self.encode_condition(
            x, draw(len(x)) if rng else collectives.rank_slice(len(x), draw)
        )

    def encode_condition(self, x: Tensor, mask: Tensor) -> Tensor:
        """Examples and their masks, [m, *data_shape] both, as the networks are told them, [m, 2 * data_size]."""
        mask = mask.to(x)
        observed = torch.where(mask == 1, x, torch.zeros_like(x))
        return torch.stack([observed, mask], dim=1).flatten(1)

    def default_condition(self, m: int) -> Tensor:
        """Nothing is observed."""
        return torch.zeros(m, 2 * self.generator.data_size)

    def inpaint(self, x: Tensor, mask: Tensor, n: int = 1, seed: int = 0) -> Tensor:
        """Draw n completions of each example, [m, n, *data_shape], that depend on the seed alone.

        Args:
            x: examples, [m, *data_shape]; what the mask hides of them is not looked at.
            mask: 1 where x is observed, 0 where it is hidden; data_shape, or [m, *data_shape].
            n: completions of each.
            seed: of the noise.

        Raises:
            ValueError: if the mask is none, or observes everything, or shapes do not fit.
        """
        shape = self.generator.data_shape
        if tuple(x.shape[1:]) != shape or n < 1:
            raise UserError(
                f"{n} completions of examples of shape {list(x.shape)} were asked: give 1 or more, and "
                f"[m, {', '.join(map(str, shape))}]."
            )
        check_mask(mask, shape)
        if mask.dim() > len(shape) and len(mask) != len(x):
            raise UserError(
                f"{len(mask)} masks came for {len(x)} examples: give one for each, or one for all."
            )
        c = self.encode_condition(x, mask.expand_as(x)).repeat_interleave(n, 0)
        made = self.generate(self.concat_condition(c, torch.Generator().manual_seed(seed)))
        return made.unflatten(0, (len(x), n))
