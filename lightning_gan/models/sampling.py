"""Seeded sampling from the generator or from the average of its weights."""

from typing import cast

import torch
from pytorch_lightning import LightningModule
from torch import Tensor

from lightning_gan.distributed import collectives
from lightning_gan.networks import Generator
from lightning_gan.priors import Prior
from lightning_gan.training.ema import EMA


class SamplingMixin(LightningModule):
    """LightningModule with a generator, a noise distribution and, optionally, a weight average of the generator."""

    generator: Generator
    prior: Prior
    ema: EMA | None

    def noise(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw noise z from p(z), [m, z_dim].

        Args:
            m: Number of noise vectors.
            rng: Random number generator; None: the global one, from which each device takes different rows.
        """

        def draw(n: int) -> Tensor:
            return self.prior.sample(n, self.generator.z_dim, self.device, rng)

        return draw(m) if rng else collectives.rank_slice(m, draw)

    @property
    def eval_generator(self) -> Generator:
        """The generator that is sampled and evaluated: the weight average of G if there is one, else G."""
        return cast(Generator, self.ema.module) if self.ema else self.generator

    @torch.no_grad()
    def generate(self, z: Tensor, batch_size: int = 1000) -> Tensor:
        """Generate examples from given noise with `eval_generator` in evaluation mode.

        Args:
            z: Noise, [n, z_dim]; with a condition, [n, z_dim + condition_dim].
            batch_size: Number of examples in one forward pass.

        Returns:
            G(z), [n, *data_shape].
        """
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
        """Generate examples from seeded noise with `eval_generator` in evaluation mode.

        Args:
            n: Number of examples.
            seed: Random seed for the noise, 0 to 2^32 - 1. The global random number generator is not used.

        Returns:
            Examples, [n, *data_shape], in the generator's `value_range`. `sample_bytes` returns the same images as
            bytes.
        """
        return self.generate(self.noise(n, torch.Generator().manual_seed(seed)))
