"""Stacked MNIST with a D too weak for it: Metz et al. (2017), Table 1, and Lin et al. (2018), PacGAN, Table 3."""

from collections.abc import Callable
from functools import partial

from pytorch_lightning import LightningDataModule
from torch.optim import Adam

from datamodules import StackedMNIST
from lightning_gan.bench.benchmark import Benchmark, Game, Number, Published
from lightning_gan.bench.stacked_mnist import COLUMNS, covered
from lightning_gan.features import Classifier
from lightning_gan.gan import GAN
from lightning_gan.losses import NonSaturating, RelativisticPairing
from lightning_gan.networks import (
    Packed,
    SmallConvolutionalDiscriminator,
    SmallConvolutionalGenerator,
)
from lightning_gan.play import seeded
from lightning_gan.players import TwoPlayers
from lightning_gan.priors import Gaussian
from lightning_gan.regularizers import R1, R2
from lightning_gan.variants import UnrolledGAN

SAMPLES = 25_600  # Metz et al. (2017), section 3.3.1
UNROLLED, PACGAN = "Metz et al. Table 1", "PacGAN Table 3"
GAMMA = 1.0


def new(
    kind: Callable[..., GAN], pack: int, seed: int, steps: int, root: str
) -> tuple[TwoPlayers, LightningDataModule]:
    """The small pair, D of a quarter of G's channels, judging packs; its length changes nothing else."""
    Classifier("mnist").load()  # without it nothing can be counted at the end
    seeded(seed)
    discriminator = SmallConvolutionalDiscriminator([3 * pack, 28, 28], width=2)
    game = kind(
        SmallConvolutionalGenerator([3, 28, 28]), Packed(discriminator, pack), prior=Gaussian(),
        d_optimizer=partial(Adam, lr=2e-4, betas=(0.5, 0.99)),
        g_optimizer=partial(Adam, lr=1e-4, betas=(0.5, 0.99)),
    )  # fmt: skip
    return game, StackedMNIST(root=root, batch_size=128, triples=None)


PLAIN = partial(GAN, loss=NonSaturating())
AHEAD = partial(UnrolledGAN, loss=NonSaturating(), unroll=5)
SMOOTH = partial(GAN, loss=NonSaturating(), regularizers=[R1(GAMMA)])
PAIRED = partial(GAN, loss=RelativisticPairing(), regularizers=[R1(GAMMA), R2(GAMMA)])

STACKED_MNIST_SMALL = Benchmark(
    name="stacked_mnist_small",
    says="How many of 1,000 numbers of three digits does G write before a D of a quarter of its channels?",
    ours=(
        "triples drawn anew; the small pair of Metz et al., D's first layer of 2 channels; z of 256 normal numbers; "
        "minibatches of 128; Adam 2e-4 for D, 1e-4 for G, betas (0.5, 0.99); 25,600 samples; the suite's own classifier"
    ),
    theirs="the same, another classifier of about 99 %; 50 runs, ± as printed",
    differs="classifier",
    steps=10_000,
    published_steps=500_000,
    games=[
        Game(
            "dcgan", "NonSaturating", partial(new, PLAIN, 1), 60,
            Published("DCGAN", UNROLLED, {"modes": Number(30.6, 20.73), "reverse_kl": Number(5.99, 0.42)}),
        ),
        Game(
            "packed2", "NonSaturating, D judges packs of 2", partial(new, PLAIN, 2), 60,
            Published("PacDCGAN2", PACGAN, {"modes": Number(484.5, 32.99), "reverse_kl": Number(2.61, 0.22)}),
        ),
        Game(
            "unrolled5", "NonSaturating, G looks 5 updates of D ahead", partial(new, AHEAD, 1), 250,
            Published("Unrolled, 5 steps", UNROLLED, {"modes": Number(236.4, 63.30), "reverse_kl": Number(4.67, 0.43)}),
        ),
        Game("r1", f"NonSaturating, R1 {GAMMA:g}", partial(new, SMOOTH, 1), 110),
        Game("r3gan", f"RelativisticPairing, R1 and R2 {GAMMA:g}", partial(new, PAIRED, 1), 140),
    ],
    columns=COLUMNS,
    measure=partial(covered, SAMPLES),
    looks=2,
)  # fmt: skip
