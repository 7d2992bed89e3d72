"""Mao et al. (2017), "Least Squares Generative Adversarial Networks", equations 2, 8 and 9."""

from torch import Tensor

from lightning_gan.arguments import Finite, check_arguments
from lightning_gan.losses.base import AdversarialLoss
from lightning_gan.utils.errors import UserError


class LeastSquares(AdversarialLoss):
    r"""Scores are regressed on targets: a for samples, b for examples; c is what G wants of its samples.

    .. math::
        \min_D \; \tfrac12 E_x[(D(x) - b)^2] + \tfrac12 E_z[(D(G(z)) - a)^2], \qquad
        \min_G \; \tfrac12 E_z[(D(G(z)) - c)^2]

    Here D is the score itself, in the unit of the targets: no sigmoid. A sample is pulled the harder the farther its
    score is from the target, on either side; beyond a and c, D and G pull it the same way, back.
    The defaults are the 0-1 coding of equation 9. With b - c = 1 and b - a = 2, such as a = -1, b = 1, c = 0
    (equation 8), G at the best D minimises the Pearson chi-square of p_data + p_g and 2 p_g.

    Args:
        a: D's target for samples, finite.
        b: D's target for examples, above a, finite.
        c: G's target for samples, above a, finite.

    Raises:
        ValueError: if b or c is not above a.
    """

    @check_arguments
    def __init__(self, a: Finite = 0.0, b: Finite = 1.0, c: Finite = 1.0) -> None:
        if not (a < b and a < c):
            raise UserError(
                f"LeastSquares with a {a:g}, b {b:g}, c {c:g}: a high score says real, so give b and c above a."
            )
        super().__init__()
        self.a, self.b, self.c = a, b, c

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Half the mean squared distance of examples from b, and of samples from a."""
        return 0.5 * (real - self.b).square().mean() + 0.5 * (fake - self.a).square().mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Half the mean squared distance of samples from c."""
        return 0.5 * (fake - self.c).square().mean()
