"""Base classes of the regularizers of D."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Count, NonNegative, check_arguments

Critic = Callable[[Tensor], Tensor]
"""Function from examples, [m, *data_shape], to logits: D, given the conditions of these examples if it reads any."""


class Regularizer:
    """Regularizer of D: a `Penalty` or a `Projection`."""


class Projection(Regularizer, ABC):
    """Projection of D's weights onto a set after each update of D."""

    @abstractmethod
    def project(self, discriminator: nn.Module) -> None:
        """Project the weights in place."""


class Penalty(Regularizer, ABC):
    """Term that is added to D's loss.

    It is computed in float32 or better, because the square of a gradient can exceed the range of float16. If D reads
    packs of examples, the gradient is taken with respect to each example.

    Args:
        weight: Factor of the term, at least 0.
        every: Interval in updates of D, at least 1; the term is added at every `every`-th update, multiplied by
            `every` ("lazy regularization", Karras et al. (2020), section 3.1). Huang et al. (2024), R3GAN, report that
            lazy penalties fail on small problems.
    """

    key: ClassVar[str]
    """Key of the metric train/<key>: the term of the equation, without the factor `every`."""

    per_example: ClassVar[bool] = False
    """Whether the term assumes that the gradient of D at an example depends on this example alone. BatchNorm in D
    violates this assumption; the model warns about it."""
    forbids_batch_norm: ClassVar[bool] = False
    """Whether the source of the term excludes BatchNorm in D; the model then raises an error."""

    @check_arguments
    def __init__(self, weight: NonNegative, every: Count = 1) -> None:
        self.weight, self.every = weight, every

    def __str__(self) -> str:
        lazily = f" every {self.every} updates" if self.every > 1 else ""
        return f"{type(self).__name__} {self.weight:g}{lazily}"

    @abstractmethod
    def term(self, critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """Compute the term without its weight.

        Args:
            critic: Function from examples to logits.
            x: Real examples, [m, *data_shape], float32 or float64.
            x_fake: Generated examples, as many and of the same type.
        """

    def __call__(self, critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """Compute the weighted term with gradients for D's weights, but neither for x nor for G."""
        return self.with_graph(critic, x.detach(), x_fake.detach())

    def with_graph(self, critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
        """Compute the weighted term with gradients for x_fake too, as a model that unrolls D's updates needs."""
        with torch.autocast(x.device.type, enabled=False):
            dtype = torch.promote_types(x.dtype, torch.float32)
            return self.weight * self.term(critic, x.to(dtype), x_fake.to(dtype))


def squared_gradient_norm(critic: Critic, x: Tensor) -> Tensor:
    """Compute |dD/dx|^2 at each example, [m], as a differentiable function of D's weights and of x."""
    # a view of x, because the weights of an unrolled D depend on x too, and that dependence is no part of dD/dx
    x = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1).square().sum(1)
