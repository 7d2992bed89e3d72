"""LatentInference: approximate inference of z for a fixed G, Goodfellow et al. (2014), section 7, item 2.

The encoder E is trained to predict z from x = G(z), "similar to the inference net trained by the wake-sleep algorithm"
in its sleep phase (Hinton et al. 1995), "but with the advantage that the inference net may be trained for a fixed
generator net after the generator net has finished training":

    gan = load("runs/mnist/version_0/checkpoints/last.ckpt")
    inference = LatentInference(gan, Encoder([1, 28, 28], z_dim=8))
    Trainer(max_steps=2000).fit(inference, NoiseDataModule(gan))
    x_again = inference.reconstruct(x)
"""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from pytorch_lightning import LightningDataModule, LightningModule
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.optim import Optimizer

from lightning_gan.arguments import Count, Seed, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.models.noise import NoiseModel
from lightning_gan.networks import Encoder
from lightning_gan.priors import Prior
from lightning_gan.training.optimizers import Constant
from lightning_gan.utils.errors import UserError

adam = partial(torch.optim.Adam, lr=1e-3)


class LatentInference(LightningModule):
    """LightningModule that trains an encoder E to minimise E_z[-log q(z|G(z))], in nats.

    With `Encoder` the loss is E|z - E(G(z))|^2 / 2 plus a constant, so that E(x) approximates the posterior mean of z
    given x = G(z). G is a frozen copy of `gan.eval_generator` in evaluation mode; Lightning's warning about modules in
    evaluation mode is expected.

    Args:
        gan: Trained model; not changed.
        encoder: Encoder E.
        optimizer: Optimizer for E.
        scheduler: Learning-rate scheduler, stepped after each update.

    Raises:
        UserError: E and G differ in data_shape or z_dim.
    """

    def __init__(
        self,
        gan: NoiseModel,
        encoder: Encoder,
        optimizer: OptimizerCallable = adam,
        scheduler: LRSchedulerCallable = Constant,
    ) -> None:
        super().__init__()
        generator = gan.eval_generator
        if (encoder.data_shape, encoder.z_dim) != (generator.data_shape, generator.z_dim):
            raise UserError(
                f"E reads {list(encoder.data_shape)} and predicts {encoder.z_dim} noise variables, but G makes "
                f"{list(generator.data_shape)} from {generator.z_dim}: give E G's data_shape and z_dim."
            )
        self.generator = copy.deepcopy(generator).requires_grad_(False).eval()
        self.encoder, self.prior = encoder, gan.prior
        self.new_optimizer, self.new_scheduler = optimizer, scheduler

    def train(self, mode: bool = True) -> "LatentInference":
        """Set the mode of E; G stays in evaluation mode, so that its BatchNorm statistics do not change."""
        super().train(mode)
        self.generator.eval()
        return self

    def configure_optimizers(self) -> tuple[list[Optimizer], list[Any]]:
        """Return the optimizer of E and its scheduler."""
        optimizer = self.new_optimizer(self.encoder.parameters())
        schedule = {"scheduler": self.new_scheduler(optimizer), "interval": "step"}
        return [optimizer], [schedule]

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        """Compute -log q(z|G(z)) in nats, averaged over m noise vectors."""
        z = batch[0]
        loss = self.encoder.nats(z, self.generator(z)).mean()
        self.log("train/nats", loss)
        return loss

    # use of a trained E, always in evaluation mode

    @torch.no_grad()
    def infer(self, x: Tensor, batch_size: int = 1000) -> Tensor:
        """Compute the mean of q(z|x), [n, z_dim], for examples, [n, *data_shape]."""
        training = self.encoder.training
        self.encoder.eval()
        try:
            parts = x.to(self.device).split(batch_size)
            return torch.cat([self.encoder(part) for part in parts])
        finally:
            self.encoder.train(training)

    @torch.no_grad()
    def generate(self, z: Tensor, batch_size: int = 1000) -> Tensor:
        """Generate examples G(z), [n, *data_shape], from noise, [n, z_dim]."""
        return torch.cat([self.generator(part) for part in z.to(self.device).split(batch_size)])

    def reconstruct(self, x: Tensor) -> Tensor:
        """Compute the reconstructions G(E(x)) of examples, [n, *data_shape] each."""
        return self.generate(self.infer(x))

    def refine(self, x: Tensor, z: Tensor, steps: int = 100, rate: float = 0.05) -> Tensor:
        """Minimise |x - G(z)|^2 over z with Adam, for each example separately.

        The remaining error is that of x outside G's range, or of a local minimum.

        Args:
            x: Examples, [n, *data_shape].
            z: Start, [n, z_dim].
            steps: Number of steps of Adam.
            rate: Learning rate of Adam.

        Returns:
            Noise, [n, z_dim].
        """
        x, z = x.to(self.device), z.detach().clone().to(self.device).requires_grad_(True)
        optimizer = torch.optim.Adam([z], lr=rate)
        for _ in range(steps):
            optimizer.zero_grad()
            (x - self.generator(z)).square().sum().backward()
            optimizer.step()
        return z.detach()

    def explained_variance(self, n: int = 10_000, seed: int = 0) -> "ExplainedVariance":
        """Compute the share of each noise variable's variance that E explains on n newly generated examples."""
        rng = torch.Generator().manual_seed(seed)
        z = self.prior.sample(n, self.generator.z_dim, self.device, rng)
        square = (z - self.infer(self.generate(z))).square()
        variance = z.var(0)
        return ExplainedVariance(1 - square.mean(0) / variance, square.std(0) / n**0.5 / variance)


class ExplainedVariance(NamedTuple):
    """Share of the prior's variance that E explains, for each noise variable.

    Attributes:
        share: 1 - mean squared error / variance, [z_dim]; 1 is perfect, 0 equals predicting the prior's mean.
        error: Standard error of the share, [z_dim].
    """

    share: Tensor
    error: Tensor


class NoiseDataModule(LightningDataModule):
    """Data module with an endless stream of minibatches [z]; each rank gets different rows of one draw.

    Args:
        gan: Model whose prior and z_dim are used.
        batch_size: Number of noise vectors in a minibatch of one device, at least 1.
        seed: Random seed for the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(self, gan: NoiseModel, batch_size: Count = 256, seed: Seed = 0) -> None:
        super().__init__()
        self.prior, self.z_dim = gan.prior, gan.generator.z_dim
        self.batch_size, self.seed = batch_size, seed

    def train_dataloader(self) -> "_Stream":
        """Return a new stream that starts with the first minibatch."""
        return _Stream(self.prior, self.batch_size, self.z_dim, self.seed * 1_000_003)


class _Stream:
    """Iterable of minibatches [z] on the CPU without end, determined by the seed."""

    def __init__(self, prior: Prior, m: int, z_dim: int, seed: int) -> None:
        self.prior, self.m, self.z_dim, self.seed = prior, m, z_dim, seed

    def __iter__(self) -> Iterator[list[Tensor]]:
        rng = torch.Generator().manual_seed(self.seed)

        def draw(n: int) -> Tensor:
            return self.prior.sample(n, self.z_dim, torch.device("cpu"), rng)

        while True:
            yield [collectives.rank_slice(self.m, draw)]
