"""R1 and R2 of Mescheder et al. (2018), "Which training methods for GANs do actually converge?", equations 9 and 10."""

from torch import Tensor

from lightning_gan.arguments import Count, NonNegative, check_arguments
from lightning_gan.regularizers.base import Critic, Penalty, squared_gradient_norm


class R1(Penalty):
    r"""D shall be flat where the data are.

    .. math:: \frac{\gamma}{2} E_{x \sim p_{data}} \lVert \nabla_x D(x) \rVert^2

    Args:
        gamma: as in the equation, at least 0; 10 in the paper's experiments.
        every: see `Penalty`, at least 1.
    """

    key = "r1"
    per_example = True

    @check_arguments
    def __init__(self, gamma: NonNegative = 10.0, every: Count = 1) -> None:
        super().__init__(gamma, every)

    def term(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """E |dD/dx|^2 / 2 over examples."""
        return squared_gradient_norm(score, x).mean() / 2


class R2(Penalty):
    r"""D shall be flat where G's samples are.

    .. math:: \frac{\gamma}{2} E_{x \sim p_g} \lVert \nabla_x D(x) \rVert^2

    Args:
        gamma: as in the equation, at least 0.
        every: see `Penalty`, at least 1.
    """

    key = "r2"
    per_example = True

    @check_arguments
    def __init__(self, gamma: NonNegative = 10.0, every: Count = 1) -> None:
        super().__init__(gamma, every)

    def term(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """E |dD/dx|^2 / 2 over samples."""
        return squared_gradient_norm(score, x_fake).mean() / 2
