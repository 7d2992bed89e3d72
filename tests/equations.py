"""Compare objectives with their equations."""

from collections.abc import Callable

import torch
from torch import Tensor

REAL = torch.tensor([0.7, -1.3, 2.0, 0.1, -0.2], dtype=torch.float64)
FAKE = torch.tensor([-0.4, 0.9, -2.2, 0.3, 1.6], dtype=torch.float64)


def assert_same(
    ours: Callable[..., Tensor], equation: Callable[..., Tensor], *scores: Tensor
) -> None:
    """Assert that two functions of logits have equal values and gradients."""
    results = []
    for function in (ours, equation):
        leaves = [s.clone().requires_grad_() for s in scores]
        value = function(*leaves)
        results.append((value.detach(), *torch.autograd.grad(value, leaves)))
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-14)


class Points:
    """p_data and p_g on three points, as 10 real and 10 generated examples; the last point has no generated one."""

    p_data = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    p_g = torch.tensor([0.2, 0.8, 0.0], dtype=torch.float64)

    def scores(self, at_points: Tensor) -> tuple[Tensor, Tensor]:
        """Return D's logits of real and generated examples.

        Args:
            at_points: D's logit at each point, [3].
        """
        return tuple(
            at_points.repeat_interleave((10 * p).round().long()) for p in (self.p_data, self.p_g)
        )

    def pull(self, d_loss: Callable[..., Tensor], at_points: Tensor) -> Tensor:
        """Return the gradient of L_D with respect to the logits at the points: 0 for the optimal D."""
        leaf = at_points.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(d_loss(*self.scores(leaf)), leaf)
        return gradient
