"""Small models on 4-pixel images: two networks of a few hundred weights."""

from collections.abc import Iterator
from typing import Any

import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import Discriminator, MLPGenerator
from lightning_gan.priors import Uniform

SHAPE = [1, 2, 2]


class NormedDiscriminator(Discriminator):
    """Discriminator with BatchNorm, whose statistics tests can check."""

    def __init__(self) -> None:
        super().__init__(SHAPE)
        self.network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.flatten(1)).squeeze(1)


def momentum_sgd(params: Any) -> Optimizer:
    return SGD(params, lr=0.05, momentum=0.9)


def make_model(kind: type = GAN, **arguments: Any) -> Any:
    """Return a GAN with BatchNorm in both networks and momentum in both optimizers."""
    torch.manual_seed(0)
    arguments = {
        "d_optimizer": momentum_sgd,
        "g_optimizer": momentum_sgd,
        "loss": NonSaturating(),
    } | arguments
    generator = MLPGenerator(SHAPE, z_dim=3, widths=[8], batch_norm=True)
    return kind(generator, NormedDiscriminator(), prior=Uniform(), **arguments)


class Batches:
    """Loader of minibatches of fixed pixels in [0, 1]; a plain iterable, as in our data modules."""

    def __init__(self, n: int, m: int = 2) -> None:
        self.x = torch.rand(n * m, *SHAPE, generator=torch.Generator().manual_seed(1))
        self.n, self.m = n, m

    def __len__(self) -> int:
        return self.n

    def state_dict(self) -> dict[str, int]:
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Restore nothing: every epoch has the same batches in the same order."""

    def __iter__(self) -> Iterator[list[Tensor]]:
        for x in self.x.split(self.m):
            yield [x, torch.zeros(len(x))]


class Pixels(LightningDataModule):
    """Data module with the same pixels in every split."""

    name, data_shape, value_range = "pixels", (1, 2, 2), (0.0, 1.0)

    def __init__(self, n: int = 8, m: int = 2) -> None:
        super().__init__()
        self.batches = Batches(n, m)

    def images(self, split: str) -> Tensor:
        return self.batches.x

    def train_dataloader(self) -> Batches:
        return self.batches

    def val_dataloader(self) -> Batches:
        return self.batches

    def test_dataloader(self) -> Batches:
        return self.batches


def trainer(folder: Any, **arguments: Any) -> Trainer:
    """Return a Trainer on one CPU without console output."""
    quiet = {
        "accelerator": "cpu", "devices": 1, "logger": False, "enable_progress_bar": False,
        "enable_model_summary": False, "enable_checkpointing": False, "max_epochs": -1,
        "num_sanity_val_steps": 0, "limit_val_batches": 0, "log_every_n_steps": 1,
    }  # fmt: skip
    return Trainer(default_root_dir=folder, **(quiet | arguments))
