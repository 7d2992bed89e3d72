"""Differentiable updates of Adam and SGD, for the unrolled GANs of Metz et al. (2017), section 2.2.

PyTorch's optimizers change parameters in place, so that gradients do not flow through their updates.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer

from lightning_gan.distributed import collectives
from lightning_gan.training.optimizers import DCGANAdam
from lightning_gan.utils.errors import UserError

Theta = dict[str, Tensor]
"""Parameters of a network by name."""
Group = Mapping[str, Any]
Slots = tuple[Tensor, ...]
"""State of an optimizer for one parameter."""


class NextUpdates(ABC):
    """Differentiable updates that continue from the current state of an optimizer, which is not changed.

    Args:
        optimizer: Optimizer of the parameters.
        theta: Parameters of the optimizer by name.
    """

    def __init__(self, optimizer: Optimizer, theta: Theta) -> None:
        groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
        self.groups = {name: groups[id(p)] for name, p in theta.items()}
        self.slots = {name: self.read(optimizer.state.get(p, {}), p) for name, p in theta.items()}

    def __call__(self, theta: Theta, gradients: Sequence[Tensor | None]) -> Theta:
        """Compute the parameters after one update; those without a gradient are unchanged, as in PyTorch.

        Args:
            theta: Parameters by name.
            gradients: Gradient of each parameter, or None.

        Returns:
            Updated parameters by name.
        """
        updated = dict(theta)
        for (name, p), g in zip(theta.items(), gradients, strict=True):
            if g is not None:
                updated[name], self.slots[name] = self.update(
                    p, g, self.slots[name], self.groups[name]
                )
        return updated

    @abstractmethod
    def read(self, state: Mapping[str, Any], p: Tensor) -> Slots:
        """Read the state of one parameter; an empty state is that of a parameter that was never updated."""

    @abstractmethod
    def update(self, p: Tensor, g: Tensor, slots: Slots, group: Group) -> tuple[Tensor, Slots]:
        """Compute a parameter and its state after one update.

        Args:
            p: Parameter.
            g: Gradient, shaped like p.
            slots: State of the parameter.
            group: Settings of the parameter's group in the optimizer.
        """


class NextAdam(NextUpdates):
    """Updates of Adam: Kingma & Ba (2015), Algorithm 1; weight decay is added to the gradient, as in PyTorch."""

    def read(self, state: Mapping[str, Any], p: Tensor) -> Slots:
        """Read the number of updates, the first moment and the second moment."""
        zero = torch.zeros_like(p)
        step = torch.as_tensor(state.get("step", 0), dtype=torch.float64, device="cpu")
        return step, state.get("exp_avg", zero).detach(), state.get("exp_avg_sq", zero).detach()

    def update(self, p: Tensor, g: Tensor, slots: Slots, group: Group) -> tuple[Tensor, Slots]:
        """Compute one update with bias correction of both moments."""
        (step, first, second), (beta1, beta2) = slots, map(float, group["betas"])
        step = step + 1
        g = g + group["weight_decay"] * p
        first = beta1 * first + (1 - beta1) * g
        second = beta2 * second + (1 - beta2) * g.square()
        rate = float(group["lr"]) / (1 - beta1 ** step.item())
        spread = safe_sqrt(second) / (1 - beta2 ** step.item()) ** 0.5
        return p - rate * first / (spread + group["eps"]), (step, first, second)


class NextSGD(NextUpdates):
    """Updates of SGD with momentum as in PyTorch, whose velocity starts as the first gradient."""

    def read(self, state: Mapping[str, Any], p: Tensor) -> Slots:
        """Read the velocity, if there is one."""
        velocity = state.get("momentum_buffer")
        return () if velocity is None else (velocity.detach(),)

    def update(self, p: Tensor, g: Tensor, slots: Slots, group: Group) -> tuple[Tensor, Slots]:
        """Compute one update."""
        momentum, lr = group["momentum"], float(group["lr"])
        g = g + group["weight_decay"] * p
        velocity = momentum * slots[0] + (1 - group["dampening"]) * g if slots else g
        direction = g + momentum * velocity if group["nesterov"] else velocity
        return p - lr * direction, (velocity,) if momentum else ()


def make_next_updates(optimizer: Optimizer, theta: Theta) -> NextUpdates:
    """Make the differentiable updates of an optimizer.

    Raises:
        UserError: The optimizer is neither Adam nor SGD, or uses an option that is not supported.
    """
    odd = [
        n for n in ("amsgrad", "maximize", "decoupled_weight_decay") if optimizer.defaults.get(n)
    ]
    kinds = {Adam: NextAdam, DCGANAdam: NextAdam, SGD: NextSGD}
    # a subclass, such as MaxNormSGD, does more than its parent
    if odd or type(optimizer) not in kinds:
        with_what = f" with {' and '.join(odd)}" if odd else ""
        raise UserError(
            f"D's optimizer is {type(optimizer).__name__}{with_what}, which unrolling does not support: give D "
            f"torch.optim.Adam or torch.optim.SGD."
        )
    return kinds[type(optimizer)](optimizer, theta)


def average_over_devices(gradients: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
    """Average gradients over the devices in one message; differentiable."""
    if collectives.world_size() == 1:
        return gradients
    given = [g for g in gradients if g is not None]
    parts = collectives.all_mean(torch.cat([g.flatten() for g in given])).split(
        [g.numel() for g in given]
    )
    found = iter([part.view_as(g) for part, g in zip(parts, given, strict=True)])
    return [None if g is None else next(found) for g in gradients]


def clip_gradients_differentiably(
    gradients: Sequence[Tensor | None], max_norm: float | None
) -> Sequence[Tensor | None]:
    """Clip the norm of all gradients together to `max_norm`, as `clip_grad_norm_` does; None: no clipping."""
    if max_norm is None:
        return gradients
    norms = [safe_sqrt(g.square().sum()) for g in gradients if g is not None]
    share = (max_norm / (safe_sqrt(torch.stack(norms).square().sum()) + 1e-6)).clamp(max=1.0)
    return [None if g is None else share * g for g in gradients]


def safe_sqrt(v: Tensor) -> Tensor:
    """Compute the square root with derivative 0 at 0, where the true derivative is infinite.

    Inactive units have g = v = 0, where the chain rule would give inf * 0 = NaN.
    """
    positive = v > 0
    return torch.where(positive, v, 1.0).sqrt() * positive
