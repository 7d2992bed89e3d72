"""Training on 1,000 digits with and without the augmentation of Zhao et al. (2020), DiffAugment, on small networks.

With few training images D overfits: its logits of training images exceed those of held-out images.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from torch.optim import Adam

from datamodules import MNIST
from datamodules.in_memory import Splits
from lightning_gan.evaluation import (
    EvaluationContext,
    ModelSamples,
    ReferenceImages,
    describe_generator,
    score_samples,
)
from lightning_gan.evaluation.feature_metrics import FIDMetric
from lightning_gan.feature_extractors import Classifier
from lightning_gan.losses import NonSaturating
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.gan import GAN
from lightning_gan.networks import (
    Cutout,
    DiffAugmentDiscriminator,
    SmallConvolutionalDiscriminator,
    SmallConvolutionalGenerator,
    Translation,
)
from lightning_gan.networks.augmentations import Augmentation
from lightning_gan.priors import Gaussian
from lightning_gan.studies.benchmarks.benchmark import Benchmark, BenchmarkColumn, BenchmarkModel
from lightning_gan.studies.in_memory import seed_single_thread

SAMPLES = 10_000
FEW = 1_000
WIDTH = 8  # channels of G before its output


class FewDigits(MNIST):
    """MNIST with a training split of its first images; the other splits are complete.

    Args:
        examples: Number of training images.
        root: Folder of the data files.
        batch_size: Images per batch.
    """

    def __init__(self, examples: int, root: str = "data", batch_size: int = 64) -> None:
        super().__init__(root, batch_size, value_range=(-1.0, 1.0))
        self.examples = examples

    def load(self, *, fetch: bool) -> Splits:
        """Load all splits, and shorten the training split."""
        splits = super().load(fetch=fetch)
        x, y = splits["train"]
        return splits | {"train": (x[: self.examples].clone(), y[: self.examples].clone())}


def make_few_images_model(
    augmentations: Sequence[Augmentation], examples: int, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build the networks of Metz et al. (2017) with a D as wide as G and augmented inputs; `steps` has no effect."""
    Classifier("mnist").load()  # fails early: FID needs the classifier after training
    seed_single_thread(seed)
    discriminator = SmallConvolutionalDiscriminator([1, 28, 28], width=WIDTH)
    adam = partial(Adam, lr=5e-4, betas=(0.5, 0.99))
    model = GAN(
        SmallConvolutionalGenerator([1, 28, 28]), DiffAugmentDiscriminator(discriminator, augmentations),
        NonSaturating(), Gaussian(), d_optimizer=adam, g_optimizer=adam, ema_half_life=20_000,
    )  # fmt: skip
    return model, FewDigits(examples, root)


@torch.no_grad()
def measure_few_images(model: AdversarialModel, data: LightningDataModule) -> dict[str, float]:
    """Compute the FID of samples, and the mean logit of training images minus that of validation images."""
    digits: Any = data
    against = EvaluationContext(
        ReferenceImages(digits.name, "test", digits.uint8_images("test")), Classifier("mnist").load(), "_classifier"
    )  # fmt: skip
    sample_set = ModelSamples(
        model, SAMPLES, 0, model.generator.value_range, describe_generator(model)
    )
    (fid,) = score_samples(sample_set, against, [FIDMetric()]).scores
    was = model.discriminator.training
    model.discriminator.eval()
    known, unknown = (
        model.discriminator(digits.images(split)[:FEW]).mean().item() for split in ("train", "val")
    )
    model.discriminator.train(was)
    return {"fid": fid.value, "gap": known - unknown}


AUGMENTATIONS = (Translation(), Cutout())
FEW_IMAGES = Benchmark(
    name="few_images",
    question=f"What does G learn from {FEW:,} digits, with and without augmentation of D's inputs?",
    setup=(
        f"first {FEW:,} or all training digits; small convolutional networks, D's first layer of {WIDTH} channels; z "
        "of 256 normal numbers; minibatches of 64; Adam 5e-4, betas (0.5, 0.99); EMA of G over 20,000 images; FID of "
        "10,000 samples against test digits by the suite's own classifier; gap: D's mean logit of 1,000 training "
        "digits minus that of 1,000 validation digits"
    ),
    published_setup="nothing on these digits; CIFAR-10 with a tenth of its images and far larger networks",
    differences="data, networks",
    steps=3_000,
    published_steps=None,
    models=[
        BenchmarkModel("few", "NonSaturating", partial(make_few_images_model, (), FEW), 60),
        BenchmarkModel("few_augmented", "NonSaturating, augmented inputs of D: Translation, Cutout",
        partial(make_few_images_model, AUGMENTATIONS, FEW), 65),
        BenchmarkModel("all", "NonSaturating, all 50,000 training digits", partial(make_few_images_model, (),
        50_000), 60),
    ],
    columns=(
        BenchmarkColumn("fid", "FID, classifier", 1, better=min),
        BenchmarkColumn("gap", "gap (logits)", 2, better=min),
    ),
    measure=measure_few_images,
    measurements=4,
)  # fmt: skip
