"""Stacked MNIST with a small D: Metz et al. (2017), Table 1, and Lin et al. (2018), PacGAN, Table 3."""

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
    """Build the small networks with a packed D of a quarter of G's channels; `steps` has no effect."""
    Classifier("mnist").load()  # fails early: counting modes needs the classifier
    seed_single_thread(seed)
    discriminator = SmallConvolutionalDiscriminator([3 * pack, 28, 28], width=2)
    model = kind(
        SmallConvolutionalGenerator([3, 28, 28]), PackedDiscriminator(discriminator, pack), prior=Gaussian(),
        d_optimizer=partial(Adam, lr=2e-4, betas=(0.5, 0.99)),
        g_optimizer=partial(Adam, lr=1e-4, betas=(0.5, 0.99)),
    )  # fmt: skip
    return model, StackedMNIST(root=root, batch_size=128, triples=None)


PLAIN = partial(GAN, loss=NonSaturating())
UNROLL = partial(UnrolledGAN, loss=NonSaturating(), unroll=5)
R1_GAN = partial(GAN, loss=NonSaturating(), regularizers=[R1(GAMMA)])
R3GAN = partial(GAN, loss=RelativisticPairing(), regularizers=[R1(GAMMA), R2(GAMMA)])

STACKED_MNIST_SMALL = Benchmark(
    name="stacked_mnist_small",
    question="How many of 1,000 modes does G cover against a D with a quarter of its channels?",
    setup=(
        "triples drawn anew; the small networks of Metz et al., D's first layer of 2 channels; z of 256 normal "
        "numbers; minibatches of 128; Adam 2e-4 for D, 1e-4 for G, betas (0.5, 0.99); 25,600 samples; the suite's own "
        "classifier"
    ),
    published_setup="the same, another classifier of about 99 %; 50 runs, ± as printed",
    differences="classifier",
    steps=10_000,
    published_steps=500_000,
    models=[
        BenchmarkModel(
            "dcgan", "NonSaturating", partial(make_small_stacked_mnist_model, PLAIN, 1), 60,
            PublishedRow("DCGAN", UNROLLED, {"modes": PublishedNumber(30.6, 20.73),
            "reverse_kl": PublishedNumber(5.99, 0.42)}),
        ),
        BenchmarkModel(
            "packed2", "NonSaturating, packs of 2 for D", partial(make_small_stacked_mnist_model, PLAIN, 2), 60,
            PublishedRow("PacDCGAN2", PACGAN, {"modes": PublishedNumber(484.5, 32.99),
            "reverse_kl": PublishedNumber(2.61, 0.22)}),
        ),
        BenchmarkModel(
            "unrolled5", "NonSaturating, 5 unrolled updates of D", partial(make_small_stacked_mnist_model,
            UNROLL, 1), 250,
            PublishedRow("Unrolled, 5 steps", UNROLLED, {"modes": PublishedNumber(236.4, 63.30),
            "reverse_kl": PublishedNumber(4.67, 0.43)}),
        ),
        BenchmarkModel("r1", f"NonSaturating, R1 {GAMMA:g}", partial(make_small_stacked_mnist_model, R1_GAN, 1), 110),
        BenchmarkModel("r3gan", f"RelativisticPairing, R1 and R2 {GAMMA:g}",
        partial(make_small_stacked_mnist_model, R3GAN, 1), 140),
    ],
    columns=COLUMNS,
    measure=partial(measure_coverage, SAMPLES),
    measurements=2,
)  # fmt: skip
