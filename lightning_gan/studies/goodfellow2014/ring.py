"""Ring of eight modes for the claims: small networks, optimizers, and mode coverage."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.optim import Adam

from datamodules import Ring
from lightning_gan.losses import NonSaturating
from lightning_gan.metrics.modes import Modes, mode_coverage
from lightning_gan.models.gan import GAN
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.priors import Gaussian
from lightning_gan.studies.in_memory import seed_single_thread

BATCH = 128
SAMPLES = 2500  # as in Lin et al. (2018), PacGAN


def make_ring_gan(
    seed: int,
    k: int = 1,
    d_rate: float = 1e-3,
    g_rate: float = 1e-3,
    activation: Callable[[], nn.Module] = nn.ReLU,
) -> tuple[GAN, Ring]:
    """Build model and data: 2 noise variables, networks of two layers of 128 units, Adam."""
    seed_single_thread(seed)
    generator = LinearMLPGenerator([2], z_dim=2, activation=activation)
    discriminator = MLPDiscriminator([2], activation=activation)
    model = GAN(
        generator, discriminator, NonSaturating(), Gaussian(), k,
        d_optimizer=partial(Adam, lr=d_rate, betas=(0.5, 0.99)),
        g_optimizer=partial(Adam, lr=g_rate, betas=(0.5, 0.99)),
    )  # fmt: skip
    return model, Ring(batch_size=BATCH)


def count_covered(model: GAN, data: Ring, seed: int = 0) -> Modes:
    """Compute the mode coverage of 2,500 samples of G."""
    samples: Tensor = model.sample(SAMPLES, seed=seed).cpu()
    return mode_coverage(samples, data.means, data.std)
