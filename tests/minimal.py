"""Smallest arguments with which each public class can be constructed, without its numeric arguments."""

import inspect
import math
from typing import Any

import torch
from model_factory import SHAPE, NormedDiscriminator
from torch.optim import SGD

from lightning_gan import GAN
from lightning_gan.evaluation import FIDMetric
from lightning_gan.losses import NonSaturating
from lightning_gan.models import CycleGAN, masks
from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    ConditionalDiscriminator,
    ConditionalGenerator,
    DiscriminatorPair,
    KPlusOneDiscriminator,
    MaskedGenerator,
    MLPDiscriminator,
    MLPGenerator,
    PatchDiscriminator,
    ResNetTranslator,
    SparseOutputGenerator,
    TranslatorPair,
)
from lightning_gan.priors import Uniform

K, SIZE = 3, math.prod(SHAPE)
SHAPES = {  # data shape by the prefix of a network's name
    "DCGAN": [1, 28, 28],
    "InfoGAN": [1, 28, 28],
    "SmallConv": [1, 28, 28],
    "ResNet": [1, 8, 8],
    "Encoder": [1, 16, 16],
    "UNet": [1, 16, 16],
    "PatchD": [1, 64, 64],
    "Deconv": [1, 32, 32],
    "ConvMaxoutD": [1, 32, 32],
    "Upsampled": [1, 28, 28],
}


def pair(generator: Any = None, discriminator: Any = None) -> dict[str, Any]:
    return {
        "generator": generator or few(),
        "discriminator": discriminator or NormedDiscriminator(),
        "loss": NonSaturating(),
        "prior": Uniform(),
    }


def few(z_dim: int = 3) -> MLPGenerator:
    return MLPGenerator(SHAPE, z_dim=z_dim, widths=[2])


def flat(n: int) -> ConditionalDiscriminator:
    return ConditionalDiscriminator(MLPDiscriminator([SIZE + n], widths=[2]), SHAPE, n)


def translators() -> dict[str, Any]:
    shape = [1, 16, 16]
    G = TranslatorPair(*(ResNetTranslator(shape, shape, width=2, blocks=0) for _ in range(2)))
    D = DiscriminatorPair(*(PatchDiscriminator(shape, width=2, layers=1) for _ in range(2)))
    return {"generator": G, "discriminator": D, "loss": NonSaturating()}


def few_labels() -> dict[str, Any]:
    D = KPlusOneDiscriminator(MLPDiscriminator(SHAPE, widths=[2]), K)
    return pair(discriminator=D) | {"classes": K, "labels_per_class": 1}


def masked() -> dict[str, Any]:
    G = MaskedGenerator(few(3 + 2 * SIZE))
    return pair(G, flat(2 * SIZE)) | {"masks": masks.Pixels()}


def sgd() -> SGD:
    return SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)


PLAIN = {"discriminator": MLPDiscriminator([2], widths=[2])}
MESSAGE = ConditionalGenerator(few(3 + K), K)
NEEDED = {
    "ACGAN": pair(MESSAGE, AuxiliaryClassifierDiscriminator(MLPDiscriminator(SHAPE, widths=[2]), K)) | {"classes": K},
    "ConditionalDiscriminator": {"discriminator": MLPDiscriminator([6]), "data_shape": SHAPE},
    "ConditionalGAN": pair(MESSAGE, flat(K)) | {"classes": K},
    "ConditionalGenerator": {"generator": few()},
    "CycleGAN": translators(),
    "DiscriminatorPair": vars(translators()["discriminator"])["_modules"],
    "EMA": {"generator": few()},
    "FeatureScore": {"metric": FIDMetric()},
    "FeatureMatchingGAN": few_labels(),
    "NoiseDataModule": {"gan": GAN(**pair())},
    "Goodfellow2014": {"optimizer": sgd()},
    "ImageFolder": {"root": "."},
    "KMeans": {"images": torch.rand(3, *SHAPE)},
    "KernelDistance": {"real": torch.rand(3, 2)},
    "LinearDecay": {"optimizer": sgd()},
    "InpaintingGAN": masked(),
    "MaxNormSGD": {"params": [torch.nn.Parameter(torch.ones(2))]},
    "DCGANAdam": {"params": [torch.nn.Parameter(torch.ones(2))]},
    "MaskMixture": {"kinds": [masks.Pixels()]},
    "ImageSet": {"image_bytes": torch.zeros(2, 1, 2, 2, dtype=torch.uint8)},
    "PairedFolders": {"root": "."},
    "Run": {"name": "run"},
    "SemiSupervisedGAN": few_labels(),
    "TranslatorPair": vars(translators()["generator"])["_modules"],
    "UnpairedFolders": {"root": "."},
    "StackedGenerator": {"upper": SparseOutputGenerator(SHAPE, 3, [2, 2], sparse=1), "pretrained": ""},
}  # fmt: skip


def minimal(kind: type) -> dict[str, Any]:
    """Return the arguments of a class that are not numbers, or that depend on each other."""
    takes = "data_shape" in inspect.signature(kind).parameters
    shapes = [s for name, s in SHAPES.items() if takes and kind.__name__.startswith(name)]
    basis = pair() if kind.__name__.endswith("GAN") and kind is not CycleGAN else {}
    both = ("data_shape", "input_shape") if "Translator" in kind.__name__ else ("data_shape",)
    return (
        basis
        | ({name: shapes[0] for name in both} if shapes else {})
        | NEEDED.get(kind.__name__, {})
    )
