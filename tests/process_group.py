"""Small models of every kind with their data, and functions that train them on one device or on one of two."""

import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch import Tensor, nn
from torch.optim import SGD, Adam

from datamodules.loader import BatchLoader, ShuffledBatchLoader
from lightning_gan import GAN
from lightning_gan.distributed.strategy import AdversarialDDPStrategy
from lightning_gan.feature_extractors import Classifier, Features
from lightning_gan.losses import (
    Hinge,
    LeastSquares,
    NonSaturating,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from lightning_gan.models import (
    ACGAN,
    AdaptiveRatioGAN,
    ConditionalGAN,
    FeatureMatchingGAN,
    InpaintingGAN,
    SemiSupervisedGAN,
    SimultaneousGAN,
    UnrolledGAN,
)
from lightning_gan.models.masks import HalfPlanes, MaskMixture, Pixels, Rectangles
from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    Brightness,
    ConditionalDiscriminator,
    ConditionalGenerator,
    Contrast,
    Cutout,
    DiffAugmentDiscriminator,
    Discriminator,
    Generator,
    KPlusOneDiscriminator,
    MaskedGenerator,
    MaxoutDiscriminator,
    MinibatchDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    PackedDiscriminator,
    Saturation,
    SpectralNormDiscriminator,
    Translation,
    WeightNormDiscriminator,
)
from lightning_gan.networks.layers import ConditionalBatchNorm2d
from lightning_gan.priors import Gaussian, Uniform
from lightning_gan.regularizers import R1, R2, GradientPenalty, WeightClip

SHAPE, SIZE, K, Z = [1, 4, 4], 16, 3, 4
M, STEPS, HELD = 16, 50, 25
adam = partial(Adam, lr=1e-3, betas=(0.5, 0.9))
sgd = partial(SGD, lr=0.02, momentum=0.5)


class Images(LightningDataModule):
    """Data module of 96 images of 4 x 4 pixels in three classes; M examples over all devices are a minibatch."""

    name, data_shape, value_range, num_classes = "pictures", tuple(SHAPE), (0.0, 1.0), K

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(2)
        self.bytes = torch.randint(256, (96, *SHAPE), generator=rng).to(torch.uint8)
        self.y = torch.arange(96) % K

    def images(self, split: str) -> Tensor:
        return (self.bytes if split == "train" else self.bytes[:HELD]) / 255

    def labels(self, split: str) -> Tensor:
        return self.y if split == "train" else self.y[:HELD]

    def test_dataloader(self) -> BatchLoader:
        run = self.trainer
        return BatchLoader(self.bytes[:HELD], self.y[:HELD], 4, run.global_rank, run.world_size)

    val_dataloader = test_dataloader

    def train_dataloader(self) -> ShuffledBatchLoader:
        run = self.trainer
        shared = {"rank": run.global_rank, "world_size": run.world_size}
        return ShuffledBatchLoader(self.bytes, self.y, M // run.world_size, 5, **shared)


class Stacked(Images):
    """Data module of images with three channels, as in Stacked MNIST, for evaluation only."""

    data_shape, num_classes = (3, 28, 28), 1000

    def test_dataloader(self) -> BatchLoader:
        run = self.trainer
        image_bytes = torch.zeros(5, *self.data_shape, dtype=torch.uint8)
        return BatchLoader(image_bytes, torch.zeros(5).long(), 2, run.global_rank, run.world_size)


class TenPixels(nn.Module):
    """Classifier that returns the index of the brightest of ten pixels."""

    name, weights, resize = "ten pixels", "0" * 64, "not resized"

    def forward(self, images: Tensor) -> Features:
        return Features(torch.zeros(len(images), 1), images.flatten(1)[:, 390:400].float())


class TenPixelsSpace(Classifier):
    """Configuration of `TenPixels`."""

    def load(self) -> Any:
        return TenPixels()


def small_g(extra: int = 0, norm: bool = False) -> MLPGenerator:
    return MLPGenerator(SHAPE, z_dim=Z + extra, widths=[16], irange=0.3, batch_norm=norm)


class NormedDiscriminator(Discriminator):
    """Discriminator with BatchNorm over positions and examples."""

    def __init__(self) -> None:
        super().__init__(SHAPE)
        maps = [nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Softplus()]
        self.network = nn.Sequential(*maps, nn.Flatten(), nn.Linear(27, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x).squeeze(1)


class MessageGenerator(Generator):
    """Generator G(z, c) that uses c in its BatchNorm only."""

    value_range, condition_dim = (0.0, 1.0), K

    def __init__(self) -> None:
        super().__init__(SHAPE, Z)
        self.first, self.last = nn.Linear(Z, 12), nn.Linear(12, SIZE)
        self.norm = ConditionalBatchNorm2d(3, K)

    def forward(self, z: Tensor) -> Tensor:
        z, c = z[:, :Z], z[:, Z:]
        maps = self.norm(self.first(z).view(-1, 3, 2, 2), c).relu()
        return self.last(maps.flatten(1)).sigmoid().view(-1, *SHAPE)


def plain(shape: Sequence[int] = SHAPE) -> MLPDiscriminator:
    return MLPDiscriminator(shape, widths=[16])


def maxout() -> MaxoutDiscriminator:
    return MaxoutDiscriminator(SHAPE, widths=[8], pieces=2, noise=0.1, irange=0.3)


def conditional(n: int, extra: int) -> ConditionalDiscriminator:
    return ConditionalDiscriminator(plain([n]), SHAPE, extra)


def of_all_kinds() -> DiffAugmentDiscriminator:
    kinds = [Brightness(), Saturation(), Contrast(), Translation(0.25), Cutout()]
    return DiffAugmentDiscriminator(plain(), kinds)


Model = Callable[..., Any]
POLICY = {"loss": NonSaturating(), "prior": Uniform()}


def semi(kind: type, D: Any, devices: int = 1, **more: Any) -> Any:
    few = {"classes": K, "labels_per_class": 4, "labelled_batch": M // devices}
    return kind(small_g(), KPlusOneDiscriminator(D, K), **POLICY, **few, **more)


def gan(D: Callable[[], Any], kind: type = GAN, **more: Any) -> Model:
    return lambda devices=1, **opt: kind(small_g(), D(), **(POLICY | more), **opt)


def in_parts(make: Model, parts: int) -> Model:
    def made(devices: int = 1, **more: Any) -> Any:
        model = make(devices, **more)
        model.microbatches = parts
        return model

    return made


MODELS: dict[str, Model] = {
    "GAN, dropout and noise": gan(maxout, k=2, ema_half_life=100.0),
    "clipping": gan(maxout, d_clip=0.05, g_clip=0.05),
    "BatchNorm": lambda devices=1, **opt: GAN(
        small_g(norm=True), NormedDiscriminator(), NonSaturating(), Uniform(), k=2, ema_half_life=100.0,
        regularizers=[R1(0.1)], **opt,
    ),
    "BatchNorm told a condition": lambda devices=1, **opt: ConditionalGAN(
        MessageGenerator(), conditional(SIZE + K, K), NonSaturating(), Uniform(), K, **opt
    ),
    "in two parts": in_parts(gan(plain, k=2), 2),
    "least squares": gan(plain, loss=LeastSquares()),
    "weight clip": gan(plain, loss=Wasserstein(), regularizers=[WeightClip(0.1)], k=2),
    "gradient penalty": gan(plain, loss=Wasserstein(), regularizers=[GradientPenalty(1.0)]),
    "R1 and R2, lazy": gan(plain, loss=RelativisticPairing(), regularizers=[R1(0.1, 2), R2(0.1)]),
    "relativistic average": gan(plain, loss=RelativisticAverage()),
    "spectral norm": gan(lambda: SpectralNormDiscriminator(plain()), loss=Hinge()),
    "packing": gan(lambda: PackedDiscriminator(plain([2, 4, 4]), 2)),
    "minibatch discrimination": gan(lambda: MinibatchDiscriminator(plain(), 4, 3)),
    "minibatch discrimination, R1": gan(
        lambda: MinibatchDiscriminator(plain(), 4, 3), regularizers=[R1(0.1)]
    ),
    "augmentation": gan(of_all_kinds),
    "weight norm": gan(lambda: WeightNormDiscriminator(SHAPE, widths=[16], noise=0.2)),
    "coordinated": gan(plain, AdaptiveRatioGAN, lead=0.1, most=4),
    "simultaneous": gan(maxout, SimultaneousGAN),
    "simultaneous, gradient penalty": gan(
        plain, SimultaneousGAN, loss=RelativisticAverage(), regularizers=[GradientPenalty(1.0)]
    ),
    "unrolled": gan(plain, UnrolledGAN, unroll=3),
    "unrolled, relativistic average": gan(
        plain, UnrolledGAN, unroll=2, loss=RelativisticAverage(), d_clip=0.1,
        regularizers=[GradientPenalty(0.5)],
    ),
    "conditional": lambda devices=1, **opt: ConditionalGAN(
        ConditionalGenerator(small_g(K), K), conditional(SIZE + K, K), NonSaturating(), Gaussian(), K, **opt
    ),
    "masked": lambda devices=1, **opt: InpaintingGAN(
        MaskedGenerator(small_g(2 * SIZE)), conditional(3 * SIZE, 2 * SIZE), NonSaturating(), Uniform(),
        MaskMixture([Pixels(), HalfPlanes(), Rectangles()]), **opt,
    ),
    "ACGAN": lambda devices=1, **opt: ACGAN(
        ConditionalGenerator(small_g(K), K), AuxiliaryClassifierDiscriminator(maxout(), K), NonSaturating(),
        Uniform(), K, **opt
    ),
    "semi-supervised": lambda devices=1, **opt: semi(SemiSupervisedGAN, maxout(), devices, d_ema_half_life=50.0, **opt),
    "feature matching": lambda devices=1, **opt: semi(FeatureMatchingGAN, plain(), devices, **opt),
}  # fmt: skip
"""Functions from number of devices and optimizers to a new model, by name."""


def played(
    name: str, devices: int, optimizer: Any = sgd, steps: int = STEPS, **more: Any
) -> dict[str, Tensor]:
    """Train a model on this process's share of a minibatch of M, and return its state."""
    torch.manual_seed(0)
    model = MODELS[name](devices, d_optimizer=optimizer, g_optimizer=optimizer)
    fit(model, devices, steps, **more)
    return {key: value.clone() for key, value in model.state_dict().items()}


def fit(model: Any, devices: int, steps: int, **more: Any) -> None:
    """Train without output, on one of `devices` connected processes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quiet_trainer(devices, max_steps=steps, **more).fit(model, Images())


def quiet_trainer(devices: int, **more: Any) -> Trainer:
    """Return a Trainer without output for one of `devices` processes."""
    quiet: dict[str, Any] = {
        "accelerator": "cpu", "devices": devices, "logger": False, "enable_progress_bar": False, "max_epochs": -1,
        "enable_model_summary": False, "enable_checkpointing": False, "num_sanity_val_steps": 0,
        "limit_val_batches": 0, "log_every_n_steps": 10,
    }  # fmt: skip
    if devices > 1:
        quiet |= {"strategy": AdversarialDDPStrategy(), "sync_batchnorm": True}
    return Trainer(**(quiet | more))


def as_rank(rank: int) -> None:
    """Set the environment variables of one of two processes that were not started by Lightning."""
    os.environ |= {"LOCAL_RANK": str(rank), "NODE_RANK": "0", "WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}


def largest_difference(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    """Return the largest absolute difference between two states of a model."""
    assert a.keys() == b.keys()
    return max((a[key].double() - b[key].double()).abs().max().item() for key in a)
