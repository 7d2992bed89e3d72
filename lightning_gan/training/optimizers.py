"""Optimizers and learning-rate schedulers.

They are classes, because a config cannot hold a lambda or a partial.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lightning_gan.arguments import (
    Count,
    CountFromTwo,
    NonNegative,
    Positive,
    Rate,
    check_arguments,
)
from lightning_gan.utils.errors import UserError

__all__ = ["Constant", "DCGANAdam", "Goodfellow2014", "LinearDecay", "MaxNormSGD", "dcgan_adam"]


class DCGANAdam(Adam):
    """Adam with the settings of Radford et al. (2016), section 4, as defaults.

    As a class it lets the command line change one setting: `--model.d_optimizer.lr 1e-4`.

    Args:
        params: Parameters of one network.
        lr: Learning rate, at least 0.
        betas: Decay rates of the averages of the gradient and of its square, at least 0 and below 1.
        eps: Number added to the denominator, at least 0.
        weight_decay: Factor of the L2 penalty on the weights, at least 0.
    """

    @check_arguments
    def __init__(
        self,
        params: Iterable[Parameter],
        lr: NonNegative = 2e-4,
        betas: tuple[Rate, Rate] = (0.5, 0.999),
        eps: NonNegative = 1e-8,
        weight_decay: NonNegative = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


def dcgan_adam(params: Iterable[Parameter]) -> Optimizer:
    """Make `DCGANAdam` with its defaults; jsonargparse accepts no class as the default of an argument."""
    return DCGANAdam(params)


class MaxNormSGD(SGD):
    """SGD that projects the weights into each unit to a largest norm after each step: `max_col_norm` of pylearn2.

    Hinton et al. (2012), "Improving neural networks by preventing co-adaptation of feature detectors". The weights into
    a unit are a row of a linear layer, or a filter of a convolution or of a maxout unit. Biases and velocities are not
    projected, as in the code of 2014.

    Args:
        params: Parameters of one network.
        lr: Learning rate, above 0.
        momentum: Factor of the velocity, at least 0 and below 1.
        max_norm: Largest norm of the weights into a unit, above 0; 1.9365 in the released TFD runs.
    """

    @check_arguments
    def __init__(
        self,
        params: Iterable[Parameter],
        lr: Positive,
        momentum: Rate = 0.0,
        max_norm: Positive = 1.9365,
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum)
        self.max_norm = max_norm

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Make a step of SGD, then project the weights."""
        loss = super().step(closure)
        for parameter in (p for group in self.param_groups for p in group["params"]):
            if parameter.dim() > 1:
                norms = torch.linalg.vector_norm(parameter.flatten(1), dim=1)
                shares = (self.max_norm / norms).clamp(max=1)
                parameter.mul_(shares.view(-1, *[1] * (parameter.dim() - 1)))
        return loss


class Goodfellow2014(LRScheduler):
    """Scheduler for the learning rate and momentum of SGD in the runs released with Goodfellow et al. (2014).

    At update t, counted from 0, the learning rate is max(lr0 / decay**t, min_lr). In epoch e, counted from 1, the
    momentum is m0 + (m1 - m0) * clip((e - 1) / (saturate - 1), 0, 1).

    Args:
        optimizer: SGD whose `lr` is lr0.
        updates_per_epoch: Number of updates of the network in an epoch, at least 1.
        decay: Divisor of the learning rate at each update, above 0.
        min_lr: Smallest learning rate, at least 0.
        initial_momentum: Momentum m0 of the first epoch, at least 0 and below 1.
        final_momentum: Momentum m1 from epoch `saturate` on, at least 0 and below 1.
        saturate: Epoch in which m1 is reached, at least 2.

    Raises:
        UserError: The optimizer is not SGD.
    """

    @check_arguments
    def __init__(
        self,
        optimizer: Optimizer,
        updates_per_epoch: Count = 500,
        decay: Positive = 1.000004,
        min_lr: NonNegative = 1e-6,
        initial_momentum: Rate = 0.5,
        final_momentum: Rate = 0.7,
        saturate: CountFromTwo = 250,
    ) -> None:
        if not isinstance(optimizer, SGD):
            raise UserError(
                f"Goodfellow2014 sets the momentum of SGD, but the optimizer is {type(optimizer).__name__}: give "
                f"torch.optim.SGD."
            )
        self.updates_per_epoch, self.decay, self.min_lr = updates_per_epoch, decay, min_lr
        self.initial_momentum, self.final_momentum = initial_momentum, final_momentum
        self.saturate = saturate
        super().__init__(optimizer)

    def momentum(self) -> float:
        """Compute the momentum of the current epoch."""
        epoch = self.last_epoch // self.updates_per_epoch  # counted from 0
        progress = min(epoch / (self.saturate - 1), 1.0)
        return self.initial_momentum + (self.final_momentum - self.initial_momentum) * progress

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rate of each parameter group; also set their momentum."""
        for group in self.optimizer.param_groups:
            group["momentum"] = self.momentum()
        return [max(lr0 / self.decay**self.last_epoch, self.min_lr) for lr0 in self.base_lrs]


class Constant(LRScheduler):
    """Scheduler that keeps the optimizer's learning rate."""

    def get_lr(self) -> list[float | Tensor]:
        """Return the learning rate of each parameter group."""
        return list(self.base_lrs)


class LinearDecay(LRScheduler):
    """Scheduler that keeps the learning rate constant, then decreases it linearly to zero.

    Args:
        optimizer: Optimizer whose `lr` is the constant learning rate.
        total: Number of updates after which the learning rate is zero, at least 1.
        start: Share of `total` after which the decrease begins, at least 0 and below 1.
    """

    @check_arguments
    def __init__(self, optimizer: Optimizer, total: Count, start: Rate = 0.5) -> None:
        self.total, self.start = total, start
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rate of each parameter group."""
        left = (1 - self.last_epoch / self.total) / (1 - self.start)
        return [lr0 * min(1.0, max(0.0, left)) for lr0 in self.base_lrs]
