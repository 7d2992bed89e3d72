"""Several devices are one device: what belongs to the minibatch of all of them together.

Training on n devices with m examples each is training on one with n m: device r holds rows r m to (r + 1) m.
Everything random is drawn by all devices for all rows, from generators in one state, and each takes its own; so the
cost of drawing grows with n. A mean over examples needs nothing more, because gradients are averaged over the devices.
What is no such mean (a mean inside a square, distances between examples) asks here; then every device has to, with the
same m.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd import Function

LARGE = 2**16  # values of a gradient that is a message of its own


def world_size() -> int:
    """How many devices train together; 1 where no process group was made."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def rank_slice(m: int, draw: Callable[[int], Tensor]) -> Tensor:
    """This device's m rows of a draw for all devices, [m, ...].

    Args:
        m: examples on each device.
        draw: n to a tensor, [n, ...], from the global generator, which has one state on all devices.
    """
    return draw(m) if world_size() == 1 else draw(m * world_size())[rank() * m : (rank() + 1) * m]


def all_mean(values: Tensor) -> Tensor:
    """The mean of a tensor over the devices, shape unchanged, with gradients of every order.

    On one device it is the tensor itself. Backward, each device gets what all of them owe to its values: added over the
    devices, so that the average of the devices' gradients, which training takes, is that of their mean loss.
    """
    return values if world_size() == 1 else _sum(values) / world_size()


def all_gather(values: Tensor) -> Tensor:
    """Rows of all devices in their order, [m, ...] to [n m, ...], with gradients of every order, as for `all_mean`."""
    if world_size() == 1:
        return values
    before, after = rank(), world_size() - 1 - rank()
    nothing = torch.zeros_like(values)
    return _sum(torch.cat([nothing] * before + [values] + [nothing] * after))


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace gradients by their means over the devices: large ones where they lie, the rest in one message.

    Copies of large ones would cost more than a message does, and many messages more than one.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    if world_size() == 1 or not gradients:
        return
    small = [g for g in gradients if g.numel() < LARGE or not g.is_contiguous()]
    together = [torch.cat([g.flatten() for g in small])] if small else []
    known = {id(g) for g in small}
    messages = [g for g in gradients if id(g) not in known] + together
    for sent in [dist.all_reduce(message, async_op=True) for message in messages]:
        sent.wait()
    torch._foreach_div_(messages, world_size())
    if small:
        parts = together[0].split([g.numel() for g in small])
        torch._foreach_copy_(small, [p.view_as(g) for p, g in zip(parts, small, strict=True)])


def broadcast(tensors: Iterable[Tensor]) -> None:
    """Give tensors on all devices the values that they have on the first."""
    for tensor in tensors if world_size() > 1 else ():
        dist.broadcast(tensor, 0)


class _Sum(Function):
    """The sum of a tensor over the devices; its own derivative."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        return _sum(slopes[0])


def _sum(values: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(values))
