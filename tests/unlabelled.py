"""Semi-supervised models of three classes on 4-pixel images, with hidden labels that fail when they are read."""

from typing import Any

import torch
from model_factory import SHAPE, Batches, momentum_sgd
from pytorch_lightning import LightningDataModule

from lightning_gan.losses import NonSaturating
from lightning_gan.models import SemiSupervisedGAN
from lightning_gan.networks import KPlusOneDiscriminator, MLPDiscriminator, MLPGenerator
from lightning_gan.priors import Uniform

K, N = 3, 24


class Forbidden:
    """Label that raises an error when it is read."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} of the labels of unlabelled examples was read")


class Examples(LightningDataModule):
    """Data module with repeating classes, whose minibatches hide the labels."""

    name, data_shape, value_range, num_classes = "examples", (1, 2, 2), (0.0, 1.0), K

    def __init__(self):
        super().__init__()
        self.pixels = Batches(6, m=4).x
        self.asked = 0

    def images(self, split):
        return self.pixels

    def labels(self, split):
        self.asked += 1
        return torch.arange(N) % K

    def train_dataloader(self):
        return Hidden()

    def val_dataloader(self):
        return Hidden()


class Hidden(Batches):
    def __init__(self):
        super().__init__(6, m=4)

    def __iter__(self):
        for x, _ in super().__iter__():
            yield [x, Forbidden()]


def semi(kind: type = SemiSupervisedGAN, **arguments: Any) -> Any:
    """Return a model of three classes with two labels for each class."""
    torch.manual_seed(0)
    G = MLPGenerator(SHAPE, z_dim=3, widths=[8], batch_norm=True)
    D = KPlusOneDiscriminator(MLPDiscriminator(SHAPE, widths=[8]), K)
    arguments = {
        "classes": K, "labels_per_class": 2, "labelled_batch": 4, "d_optimizer": momentum_sgd,
        "g_optimizer": momentum_sgd,
    } | arguments  # fmt: skip
    return kind(G, D, NonSaturating(), Uniform(), **arguments)
