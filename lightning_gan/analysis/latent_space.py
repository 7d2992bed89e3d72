"""Interpolation and arithmetic in the latent space of a trained generator (Radford et al. 2016, sections 6.1, 6.3.2).

A latent vector z, [d], is the whole input of G: z_dim noise variables, followed by the condition if there is one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Count, CountFromTwo, NonNegative, Seed, Size, check_arguments
from lightning_gan.models.noise import NoiseModel

NOISE = 0.25  # Radford et al. (2016), Figure 7: "uniform noise sampled with scale +-0.25"


class LatentGroup(NamedTuple):
    """Group of latent vectors whose mean is a term of a sum.

    Attributes:
        sign: Sign of the term, 1 or -1.
        z: Latent vectors, [..., group, d].
    """

    sign: int
    z: Tensor


@check_arguments
def interpolate_samples(gan: NoiseModel, n: Count, steps: CountFromTwo, seed: Seed = 0) -> Tensor:
    """Generate images on paths between pairs of latent vectors.

    The path depends on the prior: a straight line for a uniform prior, a great circle for a Gaussian one. The
    condition is interpolated linearly. Row i goes from sample i to sample n + i of `gan.sample(2 * n, seed)`.

    Args:
        gan: Trained model.
        n: Number of rows, at least 1.
        steps: Number of images per row, at least 2.
        seed: Random seed for the noise, 0 to 2^32 - 1.

    Returns:
        Images, [n, steps, *data_shape], with both ends.
    """
    a, b = gan.sample_inputs(2 * n, torch.Generator().manual_seed(seed)).split(n)
    t, z_dim = torch.linspace(0, 1, steps), gan.generator.z_dim
    noise = gan.prior.interpolate(a[:, :z_dim], b[:, :z_dim], t)
    condition = torch.lerp(a[:, None, z_dim:], b[:, None, z_dim:], t.to(a)[:, None])
    z = torch.cat([noise, condition], dim=2)
    return gan.generate(z.flatten(0, 1)).unflatten(0, (n, steps))


def combine_latents(groups: Sequence[LatentGroup]) -> Tensor:
    r"""Compute the signed sum of the means of groups of latent vectors, [..., d].

    .. math:: y = \bar z_a - \bar z_b + \bar z_c

    With three groups of three independent z each, y has the variance of one draw; with single z, three times as much.
    """
    return torch.stack([group.sign * group.z.mean(-2) for group in groups]).sum(0)


@check_arguments
def sample_around(y: Tensor, z_dim: Size, seed: Seed = 0, noise: NonNegative = NOISE) -> Tensor:
    """Draw eight latent vectors around y with uniform noise, as in Figure 7 of Radford et al. (2016).

    Args:
        y: Latent vector, [d].
        z_dim: Number of noise variables, 1 to 2^20; the condition after them stays unchanged.
        seed: Random seed for the noise, 0 to 2^32 - 1.
        noise: Largest change of a noise variable, at least 0.

    Returns:
        Latent vectors, [9, d]; the fifth is y.
    """
    rng = torch.Generator().manual_seed(seed)
    changes = (2 * torch.rand(9, z_dim, generator=rng) - 1) * noise
    changes[4] = 0
    z = y.repeat(9, 1)
    z[:, :z_dim] += changes.to(y)
    return z
