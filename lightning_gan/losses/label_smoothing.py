"""One-sided label smoothing: Salimans et al. (2016), "Improved Techniques for Training GANs", section 3.4."""

from typing import Annotated

from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.arguments import Domain, check_arguments
from lightning_gan.losses.minimax import NonSaturating


class OneSidedLabelSmoothing(NonSaturating):
    r"""Non-saturating loss in nats, with target t = 1 - smoothing for D on real examples.

    .. math::
        \min_D \; -E_x[t \log D(x) + (1 - t) \log(1 - D(x))] - E_z[\log(1 - D(G(z)))]

    The optimal D is t p_data / (p_data + p_g), at most t. The target for generated examples stays 0: with a larger one,
    p_g would appear in the numerator too, and G would get no gradient away from regions where p_data is near 0.

    Args:
        smoothing: Difference between 1 and D's target for real examples, at least 0 and below 0.5.
    """

    @check_arguments
    def __init__(self, smoothing: Annotated[float, Domain(0, 0.5, high_open=True)] = 0.1) -> None:
        super().__init__()
        self.smoothing = smoothing

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute the cross entropy, in nats, with targets 1 - smoothing for real and 0 for generated examples."""
        smoothed = (1 - self.smoothing) * softplus(-real) + self.smoothing * softplus(real)
        return smoothed.mean() + softplus(fake).mean()
