"""WGAN-GP of Gulrajani et al. (2017), "Improved training of Wasserstein GANs", equation 3."""

import torch
from torch import Tensor

from lightning_gan.arguments import Count, NonNegative, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.regularizers.base import Critic, Penalty, squared_gradient_norm


class GradientPenalty(Penalty):
    r"""D's slope shall be 1 between examples and samples.

    .. math:: \lambda E_{\hat x} (\lVert \nabla_{\hat x} D(\hat x) \rVert - 1)^2,
              \quad \hat x = \epsilon x + (1 - \epsilon) G(z), \; \epsilon \sim U[0, 1]

    Args:
        weight: lambda, at least 0; 10 in the paper.
        every: see `Penalty`, at least 1.
    """

    key = "gradient_penalty"
    per_example = True
    forbids_batch_norm = True  # section 4, "No critic batch normalization"

    @check_arguments
    def __init__(self, weight: NonNegative = 10.0, every: Count = 1) -> None:
        super().__init__(weight, every)

    def term(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """E (|dD/dx| - 1)^2 at one point between each example and its sample."""

        def draw(n: int) -> Tensor:
            return torch.rand(n, *[1] * (x.dim() - 1), device=x.device)

        epsilon = collectives.rank_slice(len(x), draw)
        slope = squared_gradient_norm(score, torch.lerp(x_fake, x, epsilon))
        # the root's own slope is infinite at 0, where a dead D would become NaN
        return (slope.clamp(min=1e-12).sqrt() - 1).square().mean()
