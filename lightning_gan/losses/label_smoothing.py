"""Salimans et al. (2016), "Improved Techniques for Training GANs", section 3.4."""

from typing import Annotated

from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.arguments import Domain, check_arguments
from lightning_gan.losses.minimax import NonSaturating


class OneSidedLabelSmoothing(NonSaturating):
    r"""The non-saturating model, but examples are real with probability t = 1 - smoothing only; nats.

    .. math::
        \min_D \; -E_x[t \log D(x) + (1 - t) \log(1 - D(x))] - E_z[\log(1 - D(G(z)))]

    The best D is t p_data / (p_data + p_g), never surer than t. Samples keep their target 0: with one above, p_g would
    stand in the numerator too, and samples where p_data is near 0 would have no reason to leave.

    Args:
        smoothing: the difference between 1 and D's target for examples, at least 0 and below 0.5.
    """

    @check_arguments
    def __init__(self, smoothing: Annotated[float, Domain(0, 0.5, high_open=True)] = 0.1) -> None:
        super().__init__()
        self.smoothing = smoothing

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Cross entropy with targets 1 - smoothing for examples and 0 for samples, nats."""
        examples = (1 - self.smoothing) * softplus(-real) + self.smoothing * softplus(real)
        return examples.mean() + softplus(fake).mean()
