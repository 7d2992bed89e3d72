"""What can be drawn of a model, during training and after it: noise, and samples that depend on a seed alone."""

from typing import cast

import torch
from pytorch_lightning import LightningModule
from torch import Tensor

from lightning_gan.distributed import collectives
from lightning_gan.networks import Generator
from lightning_gan.priors import Prior
from lightning_gan.training.ema import EMA


class SamplingMixin(LightningModule):
    """A generator, p(z), and maybe the average of the generator that is shown and scored in its place."""

    generator: Generator
    prior: Prior
    ema: EMA | None

    def noise(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw z from p(z), [m, z_dim]: from `rng` if given, else from the global generator, other z on each device."""

        def draw(n: int) -> Tensor:
            return self.prior.sample(n, self.generator.z_dim, self.device, rng)

        return draw(m) if rng else collectives.rank_slice(m, draw)

    @property
    def eval_generator(self) -> Generator:
        """The generator that is shown and scored: the average of G where one is kept."""
        return cast(Generator, self.ema.module) if self.ema else self.generator

    @torch.no_grad()
    def generate(self, z: Tensor, batch_size: int = 1000) -> Tensor:
        """G(z) as it is shown and scored, in evaluation mode: [n, z_dim] to [n, *data_shape]."""
        generator = self.eval_generator
        training = generator.training
        generator.eval()
        try:
            return torch.cat(
                [generator(part.to(self.device, self.dtype)) for part in z.split(batch_size)]
            )
        finally:
            generator.train(training)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw samples of the generator that is shown and scored; they depend on the seed alone.

        Args:
            n: Number of samples.
            seed: Seed of the noise, 0 to 2^32 - 1. The global generator of random numbers is not touched.

        Returns:
            [n, *data_shape], in the generator's `value_range`. `sample_bytes` returns the same images as bytes.
        """
        return self.generate(self.noise(n, torch.Generator().manual_seed(seed)))
