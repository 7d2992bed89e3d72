"""Gradient penalty of WGAN-GP: Gulrajani et al. (2017), "Improved training of Wasserstein GANs", equation 3."""

import torch
from torch import Tensor

from lightning_gan.arguments import Count, NonNegative, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.regularizers.base import Critic, Penalty, squared_gradient_norm


class GradientPenalty(Penalty):
    r"""Penalty on the deviation of D's gradient norm from 1 at random points between real and generated examples.

    .. math:: \lambda E_{\hat x} (\lVert \nabla_{\hat x} D(\hat x) \rVert - 1)^2,
              \quad \hat x = \epsilon x + (1 - \epsilon) G(z), \; \epsilon \sim U[0, 1]

    Args:
        weight: Factor lambda, at least 0; 10 in the paper.
        every: Interval in updates of D, at least 1; see `Penalty`.
    """

    key = "gradient_penalty"
    per_example = True
    forbids_batch_norm = True  # section 4, "No critic batch normalization"

    @check_arguments
    def __init__(self, weight: NonNegative = 10.0, every: Count = 1) -> None:
        super().__init__(weight, every)

    def term(self, critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """Compute E (|dD/dx| - 1)^2 at one random point between each real example and a generated one."""

        def draw(n: int) -> Tensor:
            return torch.rand(n, *[1] * (x.dim() - 1), device=x.device)

        epsilon = collectives.rank_slice(len(x), draw)
        squared_norm = squared_gradient_norm(critic, torch.lerp(x_fake, x, epsilon))
        # the derivative of the square root is infinite at 0, which a constant D would turn into NaN
        return (squared_norm.clamp(min=1e-12).sqrt() - 1).square().mean()
