"""R1 and R2: Mescheder et al. (2018), "Which training methods for GANs do actually converge?", equations 9 and 10."""

from torch import Tensor

from lightning_gan.arguments import Count, NonNegative, check_arguments
from lightning_gan.regularizers.base import Critic, Penalty, squared_gradient_norm


class R1(Penalty):
    r"""Penalty on the squared norm of D's gradient at real examples.

    .. math:: \frac{\gamma}{2} E_{x \sim p_{data}} \lVert \nabla_x D(x) \rVert^2

    Args:
        gamma: Factor of the equation, at least 0; 10 in the paper's experiments.
        every: Interval in updates of D, at least 1; see `Penalty`.
    """

    key = "r1"
    per_example = True

    @check_arguments
    def __init__(self, gamma: NonNegative = 10.0, every: Count = 1) -> None:
        super().__init__(gamma, every)

    def term(self, critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """Compute E |dD/dx|^2 / 2 over real examples."""
        return squared_gradient_norm(critic, x).mean() / 2


class R2(Penalty):
    r"""Penalty on the squared norm of D's gradient at generated examples.

    .. math:: \frac{\gamma}{2} E_{x \sim p_g} \lVert \nabla_x D(x) \rVert^2

    Args:
        gamma: Factor of the equation, at least 0.
        every: Interval in updates of D, at least 1; see `Penalty`.
    """

    key = "r2"
    per_example = True

    @check_arguments
    def __init__(self, gamma: NonNegative = 10.0, every: Count = 1) -> None:
        super().__init__(gamma, every)

    def term(self, critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """Compute E |dD/dx|^2 / 2 over generated examples."""
        return squared_gradient_norm(critic, x_fake).mean() / 2
