"""Weight clipping: Arjovsky et al. (2017), "Wasserstein GAN", Algorithm 1, line 7."""

import torch
from torch import nn

from lightning_gan.arguments import Positive, check_arguments
from lightning_gan.regularizers.base import Projection


class WeightClip(Projection):
    r"""Projection of each weight and bias of D onto [-c, c], which bounds D's Lipschitz constant.

    .. math:: w \leftarrow \mathrm{clip}(w, -c, c)

    Args:
        limit: Bound c, above 0; 0.01 in the paper.
    """

    @check_arguments
    def __init__(self, limit: Positive = 0.01) -> None:
        self.limit = limit

    def __str__(self) -> str:
        return f"WeightClip {self.limit:g}"

    @torch.no_grad()
    def project(self, discriminator: nn.Module) -> None:
        """Clip all parameters in place."""
        for parameter in discriminator.parameters():
            parameter.clamp_(-self.limit, self.limit)
