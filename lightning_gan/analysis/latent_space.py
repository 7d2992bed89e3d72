"""Ways and sums in z of a finished generator: Radford et al. (2016), section 6.1 and 6.3.2.

z here is all that G reads of a draw, [d]: z_dim noise variables, and after them what G is told, if anything.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Count, CountFromTwo, NonNegative, Seed, Size, check_arguments
from lightning_gan.models.noise import NoiseModel

NOISE = 0.25  # Radford et al. (2016), Figure 7: "uniform noise sampled with scale +-0.25"


class LatentGroup(NamedTuple):
    """Some z that have something in common, and how their mean enters the sum.

    Attributes:
        sign: 1 or -1.
        z: [..., group, d].
    """

    sign: int
    z: Tensor


@check_arguments
def interpolate(gan: NoiseModel, n: Count, steps: CountFromTwo, seed: Seed = 0) -> Tensor:
    """G on the way from one draw of z to another: [n, steps, *data_shape], ends included.

    The way is the prior's: straight under a uniform one, along a great circle under a Gaussian one. What G is told
    beside z goes straight. Row i leads from sample i to sample n + i of `gan.sample(2 * n, seed)`.

    Args:
        gan: finished.
        n: rows, at least 1.
        steps: images in a row, at least 2.
        seed: of the noise, 0 to 2^32 - 1.
    """
    a, b = gan.sample_inputs(2 * n, torch.Generator().manual_seed(seed)).split(n)
    t, z_dim = torch.linspace(0, 1, steps), gan.generator.z_dim
    way = gan.prior.interpolate(a[:, :z_dim], b[:, :z_dim], t)
    message = torch.lerp(a[:, None, z_dim:], b[:, None, z_dim:], t.to(a)[:, None])
    z = torch.cat([way, message], dim=2)
    return gan.generate(z.flatten(0, 1)).unflatten(0, (n, steps))


def combine_latents(groups: Sequence[LatentGroup]) -> Tensor:
    r"""The means of groups of z, added and taken away: [..., d] from [..., group, d] each.

    .. math:: y = \bar z_a - \bar z_b + \bar z_c

    If all groups have three independent z, y has the variance of one draw; with single z it has three times as much.
    """
    return torch.stack([group.sign * group.z.mean(-2) for group in groups]).sum(0)


@check_arguments
def sample_around(y: Tensor, z_dim: Size, seed: Seed = 0, noise: NonNegative = NOISE) -> Tensor:
    """Nine points [9, d]: y, [d], in the middle (the fifth), and eight moved by uniform noise, as in Figure 7.

    Args:
        y: a z.
        z_dim: noise variables, 1 to 2^20; what follows them, what G is told, is not moved.
        seed: of the noise, 0 to 2^32 - 1.
        noise: largest move of a noise variable, at least 0.
    """
    rng = torch.Generator().manual_seed(seed)
    moves = (2 * torch.rand(9, z_dim, generator=rng) - 1) * noise
    moves[4] = 0
    nine = y.repeat(9, 1)
    nine[:, :z_dim] += moves.to(y)
    return nine
