"""Stacked MNIST, 1,000 modes: Srivastava et al. (2017), VEEGAN, and Lin et al. (2018), PacGAN, Table 2."""

from functools import partial

from pytorch_lightning import LightningDataModule
from torch.optim import Adam

from datamodules import StackedMNIST
from lightning_gan.bench.benchmark import Benchmark, Column, Game, Number, Published
from lightning_gan.evaluation import Samples, described
from lightning_gan.evaluation.modes import stacked_scores
from lightning_gan.features import Classifier
from lightning_gan.gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import DCGANDiscriminator, DCGANGenerator, Packed
from lightning_gan.play import seeded
from lightning_gan.players import TwoPlayers
from lightning_gan.priors import Uniform

SAMPLES = 26_000  # VEEGAN, and PacGAN Table 2
TABLE = "PacGAN Table 2"
COLUMNS = (Column("modes", "modes", 1), Column("reverse_kl", "KL (nats)", 3))


def new(pack: int, seed: int, steps: int, root: str) -> tuple[TwoPlayers, LightningDataModule]:
    """DCGAN's pair, D judging packs; its length changes nothing else."""
    Classifier("mnist").load()  # without it nothing can be counted at the end
    seeded(seed)
    adam = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
    game = GAN(
        DCGANGenerator([3, 28, 28], width=64), Packed(DCGANDiscriminator([3 * pack, 28, 28], width=64), pack),
        NonSaturating(), Uniform(-1.0, 1.0), d_optimizer=adam, g_optimizer=adam,
    )  # fmt: skip
    return game, StackedMNIST(root=root, batch_size=64)


def covered(n: int, game: TwoPlayers, data: LightningDataModule) -> dict[str, float]:
    """What n samples of G cover, as the suite's own classifier of digits reads them."""
    bank = Samples(game, n, 0, game.generator.value_range, described(game))
    kl, modes = stacked_scores(bank, "stacked_mnist", Classifier("mnist").load())
    return {"modes": modes.value, "reverse_kl": kl.value}


STACKED_MNIST = Benchmark(
    name="stacked_mnist",
    says="How many of 1,000 numbers of three digits does G write? Days on a CPU at full length: give --steps.",
    ours=(
        "128,000 fixed triples; DCGAN's pair for 28 x 28, width 64, kernel 5; z uniform on (-1, 1), 100 numbers; "
        "minibatches of 64; Adam 2e-4 with beta1 0.5; the suite's own classifier"
    ),
    theirs="the same with DCGAN layers down to 4 x 4, 50 epochs, another classifier of about 99 %; 10 runs",
    differs="networks, classifier",
    steps=100_000,
    published_steps=100_000,
    games=[
        Game(
            "dcgan", "NonSaturating", partial(new, 1), 2000,
            Published("DCGAN", TABLE, {"modes": Number(78.9, 6.46), "reverse_kl": Number(4.50, 0.127)}),
        ),
        Game(
            "packed2", "NonSaturating, D judges packs of 2", partial(new, 2), 2000,
            Published("PacDCGAN2", TABLE, {"modes": Number(1000.0, 0.0), "reverse_kl": Number(0.06, 0.003)}),
        ),
    ],
    columns=COLUMNS,
    measure=partial(covered, SAMPLES),
    looks=2,
)  # fmt: skip
