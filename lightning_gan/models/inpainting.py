"""InpaintingGAN: one model of all conditionals p(x_S | x_not-S), Goodfellow et al. (2014), section 7, item 3."""

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
    """GAN whose networks read a mask and the observed values of x, and whose G generates the hidden values.

    "One can approximately model all conditionals p(x_S | x_not-S) where S is a subset of the indices of x by training
    a family of conditional models that share parameters." Here S is the set of hidden indices. The condition c is
    mask * x and mask, flattened, where mask is 1 at observed and 0 at hidden values. G copies the observed values.
    In training a new mask is drawn for each real example, and one generated example has the same c. Without a mask,
    sampling is from p(x): no value is observed.

    See `GAN` for the other arguments.

    Args:
        generator: MaskedGenerator G(z, c), which copies the observed values.
        discriminator: Discriminator D(x, c) with condition_dim 2 * data_size.
        loss: Objectives that D and G minimise.
        prior: Noise distribution p(z).
        masks: Distribution of the masks in training.
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
        # raises an error if there are no masks for this shape
        masks.draw(1, generator.data_shape, torch.Generator().manual_seed(0))
        self.masks = masks

    def condition(self, batch: list[Tensor], rng: torch.Generator | None = None) -> Tensor:
        """Draw a mask for each of m real examples and encode it with the observed values, [m, 2 * data_size]."""
        x = batch[0]

        def draw(n: int) -> Tensor:
            drawn = self.masks.draw(n, self.generator.data_shape, rng)  # on the CPU
            return drawn.to(x.device, non_blocking=True)  # without waiting for the copy

        return self.encode_condition(
            x, draw(len(x)) if rng else collectives.rank_slice(len(x), draw)
        )

    def encode_condition(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode examples and their masks, [m, *data_shape] each, as conditions, [m, 2 * data_size]."""
        mask = mask.to(x)
        observed = torch.where(mask == 1, x, torch.zeros_like(x))
        return torch.stack([observed, mask], dim=1).flatten(1)

    def default_condition(self, m: int) -> Tensor:
        """Return the conditions of m examples without an observed value, [m, 2 * data_size]."""
        return torch.zeros(m, 2 * self.generator.data_size)

    def inpaint(self, x: Tensor, mask: Tensor, n: int = 1, seed: int = 0) -> Tensor:
        """Generate the hidden values of examples from seeded noise.

        Args:
            x: Examples, [m, *data_shape]; hidden values are not used.
            mask: 1 at observed values of x, 0 at hidden ones; data_shape, or [m, *data_shape].
            n: Number of completions of each example.
            seed: Random seed for the noise, 0 to 2^32 - 1.

        Returns:
            Completed examples, [m, n, *data_shape].

        Raises:
            UserError: The mask has other values than 0 and 1 or no 0, or shapes do not fit.
        """
        shape = self.generator.data_shape
        if tuple(x.shape[1:]) != shape or n < 1:
            raise UserError(
                f"{n} completions of examples of shape {list(x.shape)} were requested: give n of at least 1 and "
                f"examples [m, {', '.join(map(str, shape))}]."
            )
        check_mask(mask, shape)
        if mask.dim() > len(shape) and len(mask) != len(x):
            raise UserError(
                f"There are {len(mask)} masks for {len(x)} examples: give one mask for each, or one for all."
            )
        c = self.encode_condition(x, mask.expand_as(x)).repeat_interleave(n, 0)
        completed = self.generate(self.concat_condition(c, torch.Generator().manual_seed(seed)))
        return completed.unflatten(0, (len(x), n))
