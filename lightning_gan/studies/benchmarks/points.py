"""Models on points in the plane, with small networks and with those of Lin et al. (2018), PacGAN."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from pytorch_lightning import LightningDataModule
from torch import nn
from torch.optim import Adam

from datamodules.toy import Gaussians
from lightning_gan.losses import AdversarialLoss, NonSaturating, RelativisticPairing, Wasserstein
from lightning_gan.metrics.modes import mode_coverage
from lightning_gan.models import UnrolledGAN
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.gan import GAN
from lightning_gan.networks import (
    LinearMLPGenerator,
    MaxoutDiscriminator,
    MLPDiscriminator,
    PackedDiscriminator,
)
from lightning_gan.priors import Gaussian
from lightning_gan.regularizers import R1, R2, GradientPenalty, Penalty
from lightning_gan.studies.benchmarks.benchmark import BenchmarkColumn
from lightning_gan.studies.in_memory import seed_single_thread
from lightning_gan.training.optimizers import LinearDecay

SAMPLES = 2500  # Lin et al. (2018), section 4.1
COLUMNS = (
    BenchmarkColumn("modes", "modes", 1),
    BenchmarkColumn("high_quality", "high quality (%)", 1, factor=100.0),
    BenchmarkColumn("reverse_kl", "reverse KL (nats)", 2),
)
BATCH = 100  # Lin et al. (2018), section 4.1, as all of `PUBLISHED_SETUP`
WIDTH, RATE, BETAS, GAMMA = 64, 2e-3, (0.5, 0.99), 0.1
SETUP = (
    f"G and D of two ReLU layers of {WIDTH} units, z of 2 normal numbers, minibatches of {BATCH}, Adam {RATE:g} with "
    f"betas {BETAS}, rate falling to 0 in the second half"
)
PUBLISHED_SETUP = (
    f"100,000 points; G of four ReLU layers of 400 units with BatchNorm, D of three maxout layers of 200 units and 5 "
    f"pieces, all weights from N(0, 0.02^2), z of 2 normal numbers, minibatches of {BATCH}, Adam 1e-4 with beta1 0.8"
)
LENGTH = 400_000  # 400 epochs


@dataclass(frozen=True)
class Recipe:
    """Settings that differ between models.

    Args:
        description: The settings in words.
        loss: Objective of D and G.
        penalties: Gradient penalties of D.
        kind: Class of the model.
        k: Updates of D for each update of G.
        pack: Number of images that D takes at once.
        betas: Betas of Adam.
    """

    description: str
    loss: Callable[[], AdversarialLoss] = NonSaturating
    penalties: Callable[[], Sequence[Penalty]] = tuple
    kind: Callable[..., GAN] = GAN
    k: int = 1
    pack: int = 1
    betas: tuple[float, float] = BETAS


def _r1() -> list[Penalty]:
    return [R1(GAMMA)]


def _r1_r2() -> list[Penalty]:
    return [R1(GAMMA), R2(GAMMA)]


def _gradient_penalty() -> list[Penalty]:
    return [GradientPenalty(10.0)]


RECIPES = {
    "gan": Recipe("NonSaturating"),
    "packed2": Recipe("NonSaturating, packs of 2 for D", pack=2),
    "unrolled5": Recipe(
        "NonSaturating, 5 unrolled updates of D", kind=partial(UnrolledGAN, unroll=5)
    ),
    "wgan_gp": Recipe(
        "Wasserstein, GradientPenalty 10, k = 5, betas (0, 0.9)", Wasserstein, _gradient_penalty, k=5, betas=(0.0, 0.9)
    ),
    "r1": Recipe(f"NonSaturating, R1 {GAMMA:g}", NonSaturating, _r1),
    "r3gan": Recipe(f"RelativisticPairing, R1 and R2 {GAMMA:g}", RelativisticPairing, _r1_r2),
}  # fmt: skip


def make_small_model(
    data: Callable[..., Gaussians], recipe: Recipe, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build a model of small networks as in `SETUP`; `root` has no effect."""
    seed_single_thread(seed)
    generator = LinearMLPGenerator([2], widths=[WIDTH, WIDTH])
    discriminator = MLPDiscriminator([2 * recipe.pack], widths=[WIDTH, WIDTH])
    adam = partial(Adam, lr=RATE, betas=recipe.betas)
    model = recipe.kind(
        generator, PackedDiscriminator(discriminator, recipe.pack), recipe.loss(), Gaussian(), k=recipe.k,
        d_optimizer=adam, g_optimizer=adam, regularizers=recipe.penalties(),
        d_scheduler=partial(LinearDecay, total=recipe.k * steps), g_scheduler=partial(LinearDecay, total=steps),
    )  # fmt: skip
    return model, data(batch_size=BATCH)


def make_published_model(
    data: Callable[..., Gaussians], recipe: Recipe, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build a model of the networks in `PUBLISHED_SETUP`; `steps` and `root` have no effect."""
    seed_single_thread(seed)
    generator = LinearMLPGenerator([2], widths=[400] * 4, batch_norm=True)
    discriminator = MaxoutDiscriminator(
        [2 * recipe.pack], widths=[200] * 3, pieces=5, input_dropout=0.0, dropout=0.0, irange=None
    )
    for network in (generator, discriminator):
        network.apply(init_from_normal)
    adam = partial(Adam, lr=1e-4, betas=(0.8, 0.999))
    model = recipe.kind(
        generator, PackedDiscriminator(discriminator, recipe.pack), recipe.loss(), Gaussian(), k=recipe.k,
        d_optimizer=adam, g_optimizer=adam, regularizers=recipe.penalties(),
    )  # fmt: skip
    return model, data(batch_size=BATCH)


@torch.no_grad()
def init_from_normal(layer: nn.Module) -> None:
    """Draw the weights of a linear layer from N(0, 0.02^2), and set its bias to 0."""
    if isinstance(layer, nn.Linear):
        layer.weight.normal_(std=0.02)
        if layer.bias is not None:
            layer.bias.zero_()


def measure_points(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Compute the mode coverage of 2,500 samples of G."""
    assert isinstance(data, Gaussians)
    found = mode_coverage(model.sample(SAMPLES).cpu(), data.means, data.std)
    return {
        "modes": found.covered,
        "high_quality": found.high_quality,
        "reverse_kl": found.reverse_kl,
    }
