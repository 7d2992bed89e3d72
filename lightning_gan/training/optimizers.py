"""Named optimizers and schedules.

Classes, because a lambda or a partial in a config can be neither saved nor loaded again.
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

    A class, so that the command line can change one setting: `--model.d_optimizer.lr 1e-4`.

    Args:
        params: parameters of one network.
        lr: learning rate, at least 0.
        betas: decay rates of the averages of the gradient and of its square, at least 0 and below 1.
        eps: number added to the denominator, at least 0.
        weight_decay: factor of the L2 penalty on the weights, at least 0.
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
    """`DCGANAdam` with its defaults, for signatures: the command line cannot take a class as a default there."""
    return DCGANAdam(params)


class MaxNormSGD(SGD):
    """SGD that then shortens the weights into each unit to a largest norm: `max_col_norm` of pylearn2.

    Hinton et al. (2012), "Improving neural networks by preventing co-adaptation of feature detectors". A unit's
    weights are a row of a linear layer, or a filter of a convolution or of a maxout unit. Biases are free. The velocity
    is not shortened, as in 2014.

    Args:
        params: of one network.
        lr: learning rate, above 0.
        momentum: factor of the velocity, at least 0 and below 1.
        max_norm: largest norm of the weights into a unit, above 0; 1.9365 is that of the released TFD runs.
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
        """Descend, then project."""
        loss = super().step(closure)
        for parameter in (p for group in self.param_groups for p in group["params"]):
            if parameter.dim() > 1:
                norms = torch.linalg.vector_norm(parameter.flatten(1), dim=1)
                shares = (self.max_norm / norms).clamp(max=1)
                parameter.mul_(shares.view(-1, *[1] * (parameter.dim() - 1)))
        return loss


class Goodfellow2014(LRScheduler):
    """Learning rate and momentum of the runs released with Goodfellow et al. (2014), for SGD.

    At update t, counted from 0, the rate is max(lr0 / decay**t, min_lr). In epoch e, counted from 1, the momentum
    is m0 + (m1 - m0) * clip((e - 1) / (saturate - 1), 0, 1).

    Args:
        optimizer: SGD whose `lr` is lr0.
        updates_per_epoch: of this network, at least 1.
        decay: divides the rate after every update, above 0.
        min_lr: floor of the rate, at least 0.
        initial_momentum: m0, at least 0 and below 1.
        final_momentum: m1, at least 0 and below 1.
        saturate: epoch in which m1 is reached, at least 2.
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
                f"Goodfellow2014 ramps SGD's momentum; {type(optimizer).__name__} was given."
            )
        self.updates_per_epoch, self.decay, self.min_lr = updates_per_epoch, decay, min_lr
        self.initial_momentum, self.final_momentum = initial_momentum, final_momentum
        self.saturate = saturate
        super().__init__(optimizer)

    def momentum(self) -> float:
        """In force now."""
        epoch = self.last_epoch // self.updates_per_epoch  # counted from 0
        progress = min(epoch / (self.saturate - 1), 1.0)
        return self.initial_momentum + (self.final_momentum - self.initial_momentum) * progress

    def get_lr(self) -> list[float | Tensor]:
        """Rates in force now, one for each parameter group; sets the momentum on the way."""
        for group in self.optimizer.param_groups:
            group["momentum"] = self.momentum()
        return [max(lr0 / self.decay**self.last_epoch, self.min_lr) for lr0 in self.base_lrs]


class Constant(LRScheduler):
    """The optimizer's own rate, for ever."""

    def get_lr(self) -> list[float | Tensor]:
        """Rates in force, one for each parameter group."""
        return list(self.base_lrs)


class LinearDecay(LRScheduler):
    """Constant rate, then a straight line down to zero.

    Args:
        optimizer: whose `lr` is the constant.
        total: updates after which the rate is zero, at least 1.
        start: share of `total` after which the line begins, at least 0 and below 1.
    """

    @check_arguments
    def __init__(self, optimizer: Optimizer, total: Count, start: Rate = 0.5) -> None:
        self.total, self.start = total, start
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """Rates in force now, one for each parameter group."""
        left = (1 - self.last_epoch / self.total) / (1 - self.start)
        return [lr0 * min(1.0, max(0.0, left)) for lr0 in self.base_lrs]
