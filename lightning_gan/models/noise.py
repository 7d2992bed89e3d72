"""Models whose generator reads noise."""

import torch
from torch import Tensor

from lightning_gan.distributed import collectives
from lightning_gan.models.base import AdversarialModel
from lightning_gan.priors import Prior
from lightning_gan.utils.errors import UserError


class NoiseModel(AdversarialModel):
    """Model whose generator reads noise z from a distribution p(z)."""

    prior: Prior

    def noise(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw noise z from p(z), [m, z_dim].

        Args:
            m: Number of noise vectors.
            rng: Random number generator; None: the global one, from which each device takes different rows.
        """

        def draw(n: int) -> Tensor:
            return self.prior.sample(n, self.generator.z_dim, self.device, rng)

        return draw(m) if rng else collectives.rank_slice(m, draw)

    def sample_inputs(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw noise for m examples, [m, z_dim]; a conditional model appends conditions."""
        return self.noise(m, rng)


def require_noise(model: AdversarialModel) -> NoiseModel:
    """Return the model if its generator reads noise.

    Raises:
        UserError: The generator reads images.
    """
    if isinstance(model, NoiseModel):
        return model
    raise UserError(
        f"{type(model).__name__} translates images and does not generate them from noise: translate a folder with "
        f"`python -m lightning_gan translate --ckpt_path FILE --input FOLDER --out FOLDER`."
    )
