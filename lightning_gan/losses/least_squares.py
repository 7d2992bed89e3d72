"""Least-squares loss: Mao et al. (2017), "Least Squares Generative Adversarial Networks", equations 2, 8 and 9."""

from torch import Tensor

from lightning_gan.arguments import Finite, check_arguments
from lightning_gan.losses.base import AdversarialLoss
from lightning_gan.utils.errors import UserError


class LeastSquares(AdversarialLoss):
    r"""Least-squares regression of logits: D's targets are b for real and a for generated examples, G's target is c.

    .. math::
        \min_D \; \tfrac12 E_x[(D(x) - b)^2] + \tfrac12 E_z[(D(G(z)) - a)^2], \qquad
        \min_G \; \tfrac12 E_z[(D(G(z)) - c)^2]

    D(x) is the output itself, without a sigmoid, in the unit of the targets. The gradient grows with the distance from
    the target on both sides. The defaults are the 0-1 coding of equation 9. With b - c = 1 and b - a = 2, such as
    a = -1, b = 1, c = 0 (equation 8), G under the optimal D minimises the Pearson chi-square divergence between
    p_data + p_g and 2 p_g.

    Args:
        a: D's target for generated examples, finite.
        b: D's target for real examples, above a, finite.
        c: G's target for generated examples, above a, finite.

    Raises:
        UserError: b or c is not above a.
    """

    @check_arguments
    def __init__(self, a: Finite = 0.0, b: Finite = 1.0, c: Finite = 1.0) -> None:
        if not (a < b and a < c):
            raise UserError(
                f"LeastSquares with a {a:g}, b {b:g}, c {c:g}: high logits mean real, so give b and c above a."
            )
        super().__init__()
        self.a, self.b, self.c = a, b, c

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute half the mean squared distance of real logits from b, plus half that of generated ones from a."""
        return 0.5 * (real - self.b).square().mean() + 0.5 * (fake - self.a).square().mean()

    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute half the mean squared distance of generated logits from c."""
        return 0.5 * (fake - self.c).square().mean()
