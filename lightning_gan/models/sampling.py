"""Seeded sampling from the generator or from the average of its weights."""

from abc import abstractmethod
from typing import cast

import torch
from pytorch_lightning import LightningModule
from torch import Tensor

from lightning_gan.networks import Generator
from lightning_gan.training.ema import EMA


class SamplingMixin(LightningModule):
    """LightningModule with a generator and, optionally, a weight average of the generator."""

    generator: Generator
    ema: EMA | None

    @abstractmethod
    def sample_inputs(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw what the generator reads to generate m examples, [m, ...].

        Args:
            m: Number of examples.
            rng: Random number generator; None: the global one, from which each device takes different rows.
        """

    @property
    def eval_generator(self) -> Generator:
        """The generator that is sampled and evaluated: the weight average of G if there is one, else G."""
        return cast(Generator, self.ema.module) if self.ema else self.generator

    @torch.no_grad()
    def generate(self, inputs: Tensor, batch_size: int = 1000) -> Tensor:
        """Generate examples from given inputs with `eval_generator` in evaluation mode.

        Args:
            inputs: Inputs of the generator, [n, ...], such as noise, [n, z_dim]; with a condition,
                [n, z_dim + condition_dim].
            batch_size: Number of examples in one forward pass.

        Returns:
            G(inputs), [n, *data_shape].
        """
        generator = self.eval_generator
        training = generator.training
        generator.eval()
        try:
            return torch.cat(
                [generator(part.to(self.device, self.dtype)) for part in inputs.split(batch_size)]
            )
        finally:
            generator.train(training)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Generate examples from seeded inputs with `eval_generator` in evaluation mode.

        Args:
            n: Number of examples.
            seed: Random seed for the inputs, 0 to 2^32 - 1. The global random number generator is not used.

        Returns:
            Examples, [n, *data_shape], in the generator's `value_range`. `sample_bytes` returns the same images as
            bytes.
        """
        return self.generate(self.sample_inputs(n, torch.Generator().manual_seed(seed)))
