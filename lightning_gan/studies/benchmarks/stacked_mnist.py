"""Stacked MNIST, 1,000 modes: Srivastava et al. (2017), VEEGAN, and Lin et al. (2018), PacGAN, Table 2."""

from functools import partial

from pytorch_lightning import LightningDataModule
from torch.optim import Adam

from datamodules import StackedMNIST
from lightning_gan.evaluation import ModelSamples, describe_generator
from lightning_gan.evaluation.modes import score_stacked_modes
from lightning_gan.feature_extractors import Classifier
from lightning_gan.losses import NonSaturating
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.gan import GAN
from lightning_gan.networks import DCGANDiscriminator, DCGANGenerator, PackedDiscriminator
from lightning_gan.priors import Uniform
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkColumn,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.in_memory import seed_single_thread

SAMPLES = 26_000  # VEEGAN, and PacGAN Table 2
TABLE = "PacGAN Table 2"
COLUMNS = (BenchmarkColumn("modes", "modes", 1), BenchmarkColumn("reverse_kl", "KL (nats)", 3))


def make_stacked_mnist_model(
    pack: int, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build the DCGAN networks with a packed D; `steps` has no effect."""
    Classifier("mnist").load()  # fails early: counting modes needs the classifier
    seed_single_thread(seed)
    adam = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
    model = GAN(
        DCGANGenerator([3, 28, 28], width=64), PackedDiscriminator(DCGANDiscriminator([3 * pack, 28, 28],
        width=64), pack),
        NonSaturating(), Uniform(-1.0, 1.0), d_optimizer=adam, g_optimizer=adam,
    )  # fmt: skip
    return model, StackedMNIST(root=root, batch_size=64)


def measure_coverage(
    n: int, model: AdversarialModel, data: LightningDataModule
) -> dict[str, float]:
    """Count the modes of n samples of G with the suite's digit classifier, and compute their KL divergence in nats."""
    sample_set = ModelSamples(model, n, 0, model.generator.value_range, describe_generator(model))
    kl, modes = score_stacked_modes(sample_set, "stacked_mnist", Classifier("mnist").load())
    return {"modes": modes.value, "reverse_kl": kl.value}


STACKED_MNIST = Benchmark(
    name="stacked_mnist",
    question="How many of 1,000 modes does G cover? Full length takes days on a CPU: set --steps.",
    setup=(
        "128,000 fixed triples; DCGAN networks for 28 x 28, width 64, kernel 5; z uniform on (-1, 1), 100 numbers; "
        "minibatches of 64; Adam 2e-4 with beta1 0.5; the suite's own classifier"
    ),
    published_setup="the same with DCGAN layers down to 4 x 4, 50 epochs, another classifier of about 99 %; 10 runs",
    differences="networks, classifier",
    steps=100_000,
    published_steps=100_000,
    models=[
        BenchmarkModel(
            "dcgan", "NonSaturating", partial(make_stacked_mnist_model, 1), 2000,
            PublishedRow("DCGAN", TABLE, {"modes": PublishedNumber(78.9, 6.46),
            "reverse_kl": PublishedNumber(4.50, 0.127)}),
        ),
        BenchmarkModel(
            "packed2", "NonSaturating, packs of 2 for D", partial(make_stacked_mnist_model, 2), 2000,
            PublishedRow("PacDCGAN2", TABLE, {"modes": PublishedNumber(1000.0, 0.0),
            "reverse_kl": PublishedNumber(0.06, 0.003)}),
        ),
    ],
    columns=COLUMNS,
    measure=partial(measure_coverage, SAMPLES),
    measurements=2,
)  # fmt: skip
