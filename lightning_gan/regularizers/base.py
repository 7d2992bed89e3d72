"""What every regulariser of D promises."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Count, NonNegative, check_arguments

Critic = Callable[[Tensor], Tensor]
"""x, [m, *data_shape], to raw scores: D, or D told what it is told of these examples."""


class Regularizer:
    """Acts on D beside its loss: a `Penalty` or a `Projection`."""


class Projection(Regularizer, ABC):
    """Moves D's weights back into a set, after each of D's updates."""

    @abstractmethod
    def project(self, discriminator: nn.Module) -> None:
        """Change the weights in place."""


class Penalty(Regularizer, ABC):
    """A term that is added to D's loss.

    It is computed in float32 under every lower precision of training, because a gradient's square leaves the range of
    float16. Where D is paired or packed, the gradient is that with respect to each example.

    Args:
        weight: factor of the term, at least 0.
        every: D's updates between two that carry it, `every` times as heavy ("lazy regularization", Karras et al,
            at least 1. (2020), section 3.1). Huang et al. (2024), R3GAN, report failure of lazy penalties on small
            problems.
    """

    key: ClassVar[str]
    """Its curve is train/<key>: the term as it stands in the equation, without the factor `every`."""

    per_example: ClassVar[bool] = False
    """Whether the term takes D's gradient at each example alone. BatchNorm in D makes a score depend on the other
    examples too, so that this gradient is that of all scores together; a run warns of it."""
    forbids_batch_norm: ClassVar[bool] = False
    """Whether the term's source excludes BatchNorm in D; the model refuses it then."""

    @check_arguments
    def __init__(self, weight: NonNegative, every: Count = 1) -> None:
        self.weight, self.every = weight, every

    def __str__(self) -> str:
        lazily = f" every {self.every} updates" if self.every > 1 else ""
        return f"{type(self).__name__} {self.weight:g}{lazily}"

    @abstractmethod
    def term(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """The term, from examples and as many samples, [m, *data_shape] both, float32 or float64."""

    def __call__(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """The term, in float32 or better; its gradient reaches D's weights, and neither x nor G."""
        return self.with_graph(score, x.detach(), x_fake.detach())

    def with_graph(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """The same with the graph that leads to G, for a model that differentiates D's own updates."""
        with torch.autocast(x.device.type, enabled=False):
            wide = torch.promote_types(x.dtype, torch.float32)
            return self.weight * self.term(score, x.to(wide), x_fake.to(wide))


def squared_gradient_norm(score: Critic, x: Tensor) -> Tensor:
    """|dD/dx|^2 at each example, [m], with the graph that leads to D's weights, and to where x comes from."""
    # a view: where D's weights depend on x themselves, as in an unrolled model, their part is no slope of D
    x = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(score(x).sum(), x, create_graph=True)
    return slope.flatten(1).square().sum(1)
