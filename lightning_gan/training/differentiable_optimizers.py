"""An optimizer's next updates as functions of the parameters, so that gradients pass through them.

PyTorch's optimizers move parameters in place; Metz et al. (2017), section 2.2, differentiate through the moves.
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
"""What an optimizer keeps of one parameter."""


class NextUpdates(ABC):
    """What an optimizer would do next, from its state and settings as they are now; the optimizer is only read.

    Args:
        optimizer: that moves the parameters.
        theta: the parameters, as the optimizer knows them, by name.
    """

    def __init__(self, optimizer: Optimizer, theta: Theta) -> None:
        groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
        self.groups = {name: groups[id(p)] for name, p in theta.items()}
        self.slots = {name: self.read(optimizer.state.get(p, {}), p) for name, p in theta.items()}

    def __call__(self, theta: Theta, gradients: Sequence[Tensor | None]) -> Theta:
        """Parameters after an update; those without a gradient stay, as they do in PyTorch."""
        moved = dict(theta)
        for (name, p), g in zip(theta.items(), gradients, strict=True):
            if g is not None:
                moved[name], self.slots[name] = self.update(
                    p, g, self.slots[name], self.groups[name]
                )
        return moved

    @abstractmethod
    def read(self, state: Mapping[str, Any], p: Tensor) -> Slots:
        """The slots of one parameter; those of a parameter that was never moved, if the state is empty."""

    @abstractmethod
    def update(self, p: Tensor, g: Tensor, slots: Slots, group: Group) -> tuple[Tensor, Slots]:
        """A parameter and its slots after one update."""


class NextAdam(NextUpdates):
    """Adam: Kingma & Ba (2015), Algorithm 1; weight decay is added to the gradient, as in PyTorch."""

    def read(self, state: Mapping[str, Any], p: Tensor) -> Slots:
        """Number of updates, first moment, second moment."""
        zero = torch.zeros_like(p)
        step = torch.as_tensor(state.get("step", 0), dtype=torch.float64, device="cpu")
        return step, state.get("exp_avg", zero).detach(), state.get("exp_avg_sq", zero).detach()

    def update(self, p: Tensor, g: Tensor, slots: Slots, group: Group) -> tuple[Tensor, Slots]:
        """One update, with the correction of both moments' bias."""
        (step, first, second), (beta1, beta2) = slots, map(float, group["betas"])
        step = step + 1
        g = g + group["weight_decay"] * p
        first = beta1 * first + (1 - beta1) * g
        second = beta2 * second + (1 - beta2) * g.square()
        rate = float(group["lr"]) / (1 - beta1 ** step.item())
        spread = safe_sqrt(second) / (1 - beta2 ** step.item()) ** 0.5
        return p - rate * first / (spread + group["eps"]), (step, first, second)


class NextSGD(NextUpdates):
    """SGD with momentum, as PyTorch has it: the velocity begins as the first gradient."""

    def read(self, state: Mapping[str, Any], p: Tensor) -> Slots:
        """The velocity, if there is one."""
        velocity = state.get("momentum_buffer")
        return () if velocity is None else (velocity.detach(),)

    def update(self, p: Tensor, g: Tensor, slots: Slots, group: Group) -> tuple[Tensor, Slots]:
        """One update."""
        momentum, lr = group["momentum"], float(group["lr"])
        g = g + group["weight_decay"] * p
        velocity = momentum * slots[0] + (1 - group["dampening"]) * g if slots else g
        direction = g + momentum * velocity if group["nesterov"] else velocity
        return p - lr * direction, (velocity,) if momentum else ()


def make_next_updates(optimizer: Optimizer, theta: Theta) -> NextUpdates:
    """The next updates of an optimizer.

    Raises:
        ValueError: if it is neither Adam nor SGD, or maximises, or has another rule under the same name.
    """
    odd = [
        n for n in ("amsgrad", "maximize", "decoupled_weight_decay") if optimizer.defaults.get(n)
    ]
    kinds = {Adam: NextAdam, DCGANAdam: NextAdam, SGD: NextSGD}
    # a subclass, such as MaxNormSGD, does more than its parent
    if odd or type(optimizer) not in kinds:
        with_what = f" with {' and '.join(odd)}" if odd else ""
        raise UserError(
            f"D's optimizer is {type(optimizer).__name__}{with_what}, whose updates are not written out for "
            f"unrolling: give D torch.optim.Adam or torch.optim.SGD."
        )
    return kinds[type(optimizer)](optimizer, theta)


def average_over_devices(gradients: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
    """Gradients on the minibatch of all devices, in one message."""
    if collectives.world_size() == 1:
        return gradients
    given = [g for g in gradients if g is not None]
    parts = collectives.all_mean(torch.cat([g.flatten() for g in given])).split(
        [g.numel() for g in given]
    )
    found = iter([part.view_as(g) for part, g in zip(parts, given, strict=True)])
    return [None if g is None else next(found) for g in gradients]


def clip_gradients_differentiably(
    gradients: Sequence[Tensor | None], largest: float | None
) -> Sequence[Tensor | None]:
    """Gradients of which the norm of all together is at most `largest`, as `clip_grad_norm_` clips them."""
    if largest is None:
        return gradients
    norms = [safe_sqrt(g.square().sum()) for g in gradients if g is not None]
    share = (largest / (safe_sqrt(torch.stack(norms).square().sum()) + 1e-6)).clamp(max=1.0)
    return [None if g is None else share * g for g in gradients]


def safe_sqrt(v: Tensor) -> Tensor:
    """The square root, with slope 0 at 0, where the true one is infinite.

    A unit that never fires has g = 0 and v = 0 for ever. The chain rule asks for infinity times 0 there, which is NaN.
    """
    positive = v > 0
    return torch.where(positive, v, 1.0).sqrt() * positive
