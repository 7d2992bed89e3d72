"""A thousand digits and DiffAugment: the claim of Zhao et al. (2020), "Differentiable augmentation", in small.

D of few examples learns them by heart: it scores them above held-out ones, and G hears of nothing else.
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
WIDTH = 8  # as many as G has before its output


class FewDigits(MNIST):
    """MNIST whose training split is its first images only; the others stand.

    Args:
        examples: that train.
        root: folder of the files.
        batch_size: examples per batch.
    """

    def __init__(self, examples: int, root: str = "data", batch_size: int = 64) -> None:
        super().__init__(root, batch_size, value_range=(-1.0, 1.0))
        self.examples = examples

    def load(self, *, fetch: bool) -> Splits:
        """All splits, training cut short."""
        splits = super().load(fetch=fetch)
        x, y = splits["train"]
        return splits | {"train": (x[: self.examples].clone(), y[: self.examples].clone())}


def make_few_images_model(
    augmentations: Sequence[Augmentation], examples: int, seed: int, steps: int, root: str
) -> tuple[AdversarialModel, LightningDataModule]:
    """The pair of Metz et al. (2017), D as wide as G, behind T; its length changes nothing else."""
    Classifier("mnist").load()  # without it nothing can be scored at the end
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
    """FID of samples, and by how much D scores what trained it above what did not."""
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


SHIFTED = (Translation(), Cutout())
FEW_IMAGES = Benchmark(
    name="few_pictures",
    says=f"What does G learn from {FEW:,} digits, and what if D sees them shifted and with holes?",
    ours=(
        f"first {FEW:,} or all training digits; the small convolutional pair, D's first layer of {WIDTH} channels; z "
        "of 256 normal numbers; minibatches of 64; Adam 5e-4, betas (0.5, 0.99); average of G over 20,000 samples; FID "
        "of 10,000 samples against test digits by the suite's own classifier; gap: D's mean score of 1,000 "
        "training digits less that of 1,000 validation digits"
    ),
    theirs="nothing of these digits; of CIFAR-10 with a tenth of its images, by far larger networks",
    differs="data, networks",
    steps=3_000,
    published_steps=None,
    models=[
        BenchmarkModel("few", "NonSaturating", partial(make_few_images_model, (), FEW), 60),
        BenchmarkModel("few_augmented", "NonSaturating, D sees T(x): Translation, Cutout",
        partial(make_few_images_model, SHIFTED, FEW), 65),
        BenchmarkModel("all", "NonSaturating, all 50,000 training digits", partial(make_few_images_model, (),
        50_000), 60),
    ],
    columns=(
        BenchmarkColumn("fid", "FID, classifier", 1, better=min),
        BenchmarkColumn("gap", "D's gap (logits)", 2, better=min),
    ),
    measure=measure_few_images,
    looks=4,
)  # fmt: skip
