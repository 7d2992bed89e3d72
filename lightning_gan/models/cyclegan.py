"""CycleGAN: Zhu et al. (2017), "Unpaired image-to-image translation using cycle-consistent adversarial networks"."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.nn.functional import l1_loss

from lightning_gan.arguments import Count, CountOrZero, NonNegative, Positive, check_arguments
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models.checks import check_batch
from lightning_gan.models.gan import AlternatingModel
from lightning_gan.models.objectives import CriticInputs, DiscriminatorObjective
from lightning_gan.models.translation import TranslationModel
from lightning_gan.networks.pairs import DiscriminatorPair, TranslatorPair
from lightning_gan.regularizers import Regularizer
from lightning_gan.training.image_pool import ImagePool
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.utils.errors import UserError


class CycleGAN(TranslationModel, AlternatingModel):
    r"""Two translators, G from A to B and F from B to A, that are trained without pairs and undo each other.

    .. math:: L_G = L_{adv}(G, D_B) + L_{adv}(F, D_A)
              + \lambda_A E|F(G(a)) - a| + \lambda_B E|G(F(b)) - b|
              + \lambda_{idt} (\lambda_B E|G(b) - b| + \lambda_A E|F(a) - a|)

    L_D is the sum of `loss` over D_A and D_B; generated images come from an `ImagePool` for each domain. With
    `LeastSquares(g_factor=1)` these are the objectives of the released code, whose L_D has a factor of 1/2. All norms
    are means over images, channels and pixels, all E over patches too.

    A minibatch is [a, b], from a data module of two domains. The released code updates G and F first and then D_A and
    D_B on the same generated images; here D is updated first, as in Algorithm 1, and G translates again.

    Metrics: train/cycle_a, train/cycle_b, train/identity_a, train/identity_b are the L1 terms without their weights.

    See `GAN` for the other arguments.

    Args:
        generator: Translators G and F.
        discriminator: Discriminators D_A and D_B.
        loss: Objectives that D and G minimise.
        cycle_a: Weight lambda_A, at least 0; 10 in the paper.
        cycle_b: Weight lambda_B, at least 0; 10 in the paper.
        identity: Weight lambda_idt, at least 0; 0.5 in the released code, which the paper uses for paintings alone. It
            needs as many channels in A as in B.
        pool_size: Number of images in each pool, 0 to 2^20; 50 in the paper; 0: no pool.
        k: Number of D's updates for each update of G, at least 1.
        d_optimizer: Optimizer for D_A and D_B.
        g_optimizer: Optimizer for G and F.
        d_scheduler: Learning-rate scheduler for D_A and D_B.
        g_scheduler: Learning-rate scheduler for G and F.
        ema_half_life: Half-life of the weight averages of G and F, in images, above 0; None: no average.
        d_clip: Largest norm of the gradient of D_A and D_B together, above 0; None: no clipping.
        g_clip: Largest norm of the gradient of G and F together, above 0; None: no clipping.
        regularizers: Penalties and projections, applied to D_A and to D_B.

    Raises:
        UserError: `loss` pairs real and generated images, or `identity` is above 0 and the channels differ.
    """

    generator: TranslatorPair  # type: ignore[assignment]
    discriminator: DiscriminatorPair  # type: ignore[assignment]

    @check_arguments
    def __init__(
        self,
        generator: TranslatorPair,
        discriminator: DiscriminatorPair,
        loss: AdversarialLoss,
        cycle_a: NonNegative = 10.0,
        cycle_b: NonNegative = 10.0,
        identity: NonNegative = 0.5,
        pool_size: CountOrZero = 50,
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
            generator, discriminator, loss, k,  # type: ignore[arg-type]
            d_optimizer, g_optimizer, d_scheduler, g_scheduler, ema_half_life, d_clip, g_clip,
            regularizers,
        )  # fmt: skip
        if loss.needs_paired_batches:
            raise UserError(
                f"{type(loss).__name__} compares each real image with a generated one, but the images of CycleGAN "
                f"are not paired: choose another loss, such as LeastSquares."
            )
        if identity and generator.input_shape != generator.data_shape:
            raise UserError(
                f"identity is {identity:g}, but A has {generator.input_shape[0]} channels and B "
                f"{generator.data_shape[0]}: the identity loss needs the same number; set identity to 0."
            )
        self.cycle_a, self.cycle_b, self.identity = cycle_a, cycle_b, identity
        self.pool_a = ImagePool(generator.input_shape, pool_size)
        self.pool_b = ImagePool(generator.data_shape, pool_size)

    def d_objective(self, batch: list[Tensor]) -> DiscriminatorObjective:
        """Compute L_D of both domains on m real images of each and on generated images from the pools."""
        a, b = batch
        with torch.no_grad():
            fake_b = self.pool_b.exchange(self.generator.a_to_b(a))
            fake_a = self.pool_a.exchange(self.generator.b_to_a(b))
        inputs = [
            CriticInputs(self.discriminator.of_a, a, fake_a),
            CriticInputs(self.discriminator.of_b, b, fake_b),
        ]
        logits = [(critic(real), critic(fake)) for critic, real, fake in inputs]
        loss = self.loss.d_loss(*logits[0]) + self.loss.d_loss(*logits[1])
        real, fake = (torch.cat([x.flatten() for x in side]) for side in zip(*logits, strict=True))
        self.statistics.add_d(loss, real, fake)
        return DiscriminatorObjective(loss, inputs)

    def g_objective(self, batch: list[Tensor]) -> Tensor:
        """Compute L_G on m real images of each domain."""
        a, b = batch
        g, f, d = self.generator.a_to_b, self.generator.b_to_a, self.discriminator
        fake_b, fake_a = g(a), f(b)
        adversarial = self.loss.g_loss(d.of_b(fake_b)) + self.loss.g_loss(d.of_a(fake_a))
        terms = {"cycle_a": l1_loss(f(fake_b), a), "cycle_b": l1_loss(g(fake_a), b)}
        loss = adversarial + self.cycle_a * terms["cycle_a"] + self.cycle_b * terms["cycle_b"]
        if self.identity:
            terms |= {"identity_a": l1_loss(f(a), a), "identity_b": l1_loss(g(b), b)}
            identity = self.cycle_a * terms["identity_a"] + self.cycle_b * terms["identity_b"]
            loss = loss + self.identity * identity
        self.statistics.add_g(adversarial)
        for name, term in terms.items():
            self.statistics.add_term(name, term)
        return loss

    def check_first_batch(self, batch: list[Tensor]) -> None:
        """Check that the minibatch is [a, b], and the shapes and value ranges of both.

        Raises:
            UserError: The minibatch has another form.
        """
        self.check_domains(batch)
        check_batch(batch[1], self.generator)  # type: ignore[arg-type]
        check_batch(batch[0], self.generator.b_to_a)  # type: ignore[arg-type]

    def compute_logits_pair(
        self, batch: list[Tensor], rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Compute the logits of both discriminators on real and on translated images, flattened."""
        a, b = batch
        d = self.discriminator
        real = [d.of_a(a), d.of_b(b)]
        fake = [d.of_a(self.generator.b_to_a(b)), d.of_b(self.generator.a_to_b(a))]
        return torch.cat([x.flatten() for x in real]), torch.cat([x.flatten() for x in fake])

    def log_held_out_metrics(self, stage: str, batch: list[Tensor], batch_idx: int) -> None:
        """Also log the cycle errors, and, where the images are pairs, the L1 distance to the true partners."""
        super().log_held_out_metrics(stage, batch, batch_idx)
        a, b = batch
        g, f = self.eval_pair.a_to_b, self.eval_pair.b_to_a
        values = {"cycle_a": l1_loss(f(g(a)), a), "cycle_b": l1_loss(g(f(b)), b)}
        if self.has_pairs(stage):
            values |= {"l1_b": l1_loss(g(a), b), "l1_a": l1_loss(f(b), a)}
        logged = {f"{stage}/{name}": value for name, value in values.items()}
        self.log_dict(logged, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(a))

    @property
    def eval_pair(self) -> TranslatorPair:
        """The translators that are evaluated: the weight averages of G and F if there are any."""
        pair: Any = self.eval_generator
        return pair

    def get_translator(self, direction: Literal["a_to_b", "b_to_a"]) -> Any:
        """Return the translator of a direction that is evaluated."""
        return self.eval_pair.named_networks()[direction]
