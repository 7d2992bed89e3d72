"""Stacked MNIST with a D too weak for it: Metz et al. (2017), Table 1, and Lin et al. (2018), PacGAN, Table 3."""

from collections.abc import Callable
from functools import partial

from pytorch_lightning import LightningDataModule
from torch.optim import Adam

from datamodules import StackedMNIST
from lightning_gan.feature_extractors import Classifier
from lightning_gan.losses import NonSaturating, RelativisticPairing
from lightning_gan.models import UnrolledGAN
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.gan import GAN
from lightning_gan.networks import (
    PackedDiscriminator,
    SmallConvolutionalDiscriminator,
    SmallConvolutionalGenerator,
)
from lightning_gan.priors import Gaussian
from lightning_gan.regularizers import R1, R2
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.stacked_mnist import COLUMNS, measure_coverage
from lightning_gan.studies.in_memory import seed_single_thread

SAMPLES = 25_600  # Metz et al. (2017), section 3.3.1
UNROLLED, PACGAN = "Metz et al. Table 1", "PacGAN Table 3"
GAMMA = 1.0


def make_small_stacked_mnist_model(
    kind: Callable[..., GAN], pack: int, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """The small pair, D of a quarter of G's channels, judging packs; its length changes nothing else."""
    Classifier("mnist").load()  # without it nothing can be counted at the end
    seed_single_thread(seed)
    discriminator = SmallConvolutionalDiscriminator([3 * pack, 28, 28], width=2)
    model = kind(
        SmallConvolutionalGenerator([3, 28, 28]), PackedDiscriminator(discriminator, pack), prior=Gaussian(),
        d_optimizer=partial(Adam, lr=2e-4, betas=(0.5, 0.99)),
        g_optimizer=partial(Adam, lr=1e-4, betas=(0.5, 0.99)),
    )  # fmt: skip
    return model, StackedMNIST(root=root, batch_size=128, triples=None)


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
    models=[
        BenchmarkModel(
            "dcgan", "NonSaturating", partial(make_small_stacked_mnist_model, PLAIN, 1), 60,
            PublishedRow("DCGAN", UNROLLED, {"modes": PublishedNumber(30.6, 20.73),
            "reverse_kl": PublishedNumber(5.99, 0.42)}),
        ),
        BenchmarkModel(
            "packed2", "NonSaturating, D judges packs of 2", partial(make_small_stacked_mnist_model, PLAIN, 2), 60,
            PublishedRow("PacDCGAN2", PACGAN, {"modes": PublishedNumber(484.5, 32.99),
            "reverse_kl": PublishedNumber(2.61, 0.22)}),
        ),
        BenchmarkModel(
            "unrolled5", "NonSaturating, G looks 5 updates of D ahead", partial(make_small_stacked_mnist_model,
            AHEAD, 1), 250,
            PublishedRow("Unrolled, 5 steps", UNROLLED, {"modes": PublishedNumber(236.4, 63.30),
            "reverse_kl": PublishedNumber(4.67, 0.43)}),
        ),
        BenchmarkModel("r1", f"NonSaturating, R1 {GAMMA:g}", partial(make_small_stacked_mnist_model, SMOOTH, 1), 110),
        BenchmarkModel("r3gan", f"RelativisticPairing, R1 and R2 {GAMMA:g}",
        partial(make_small_stacked_mnist_model, PAIRED, 1), 140),
    ],
    columns=COLUMNS,
    measure=partial(measure_coverage, SAMPLES),
    looks=2,
)  # fmt: skip
