"""Collectives that make training on n devices equal to training on one device with n times the minibatch.

Rank r holds rows r m to (r + 1) m of a minibatch of n m examples. Random values are drawn on all devices for all rows,
from generators in the same state, and each device uses its own rows; the cost of drawing grows with n. Gradients are
averaged over the devices, which is enough for losses that are means over examples. Other functions of the whole
minibatch (a mean inside a square, distances between examples) use `all_mean` or `all_gather`, on every device and with
the same m.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd import Function

LARGE = 2**16  # number of values from which a gradient is sent in a message of its own


def world_size() -> int:
    """Return the number of processes in the process group; 1 without a group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the rank of this process, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def rank_slice(m: int, draw: Callable[[int], Tensor]) -> Tensor:
    """Draw random values for all devices and return the m rows of this one, [m, ...].

    Args:
        m: Number of examples on each device.
        draw: Function from n to a random tensor, [n, ...], drawn from the global generator, whose state is the same on
            all devices.
    """
    return draw(m) if world_size() == 1 else draw(m * world_size())[rank() * m : (rank() + 1) * m]


def all_mean(values: Tensor) -> Tensor:
    """Average a tensor over the devices, with gradients of every order.

    In the backward pass the gradients of all devices are summed, so that the average over the devices, which training
    takes later, is the gradient of the mean of their losses.

    Returns:
        The mean, shaped like `values`; on one device `values` itself.
    """
    return values if world_size() == 1 else _sum(values) / world_size()


def all_gather(values: Tensor) -> Tensor:
    """Concatenate the rows of all devices by rank, [m, ...] to [n m, ...], with gradients as for `all_mean`."""
    if world_size() == 1:
        return values
    before, after = rank(), world_size() - 1 - rank()
    zeros = torch.zeros_like(values)
    return _sum(torch.cat([zeros] * before + [values] + [zeros] * after))


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace gradients by their means over the devices.

    Small gradients are copied into one message, because many messages are slow. Large ones are sent without a copy,
    which would cost more than a message.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    if world_size() == 1 or not gradients:
        return
    small = [g for g in gradients if g.numel() < LARGE or not g.is_contiguous()]
    joined = [torch.cat([g.flatten() for g in small])] if small else []
    small_ids = {id(g) for g in small}
    messages = [g for g in gradients if id(g) not in small_ids] + joined
    for work in [dist.all_reduce(message, async_op=True) for message in messages]:
        work.wait()
    torch._foreach_div_(messages, world_size())
    if small:
        parts = joined[0].split([g.numel() for g in small])
        torch._foreach_copy_(small, [p.view_as(g) for p, g in zip(parts, small, strict=True)])


def broadcast(tensors: Iterable[Tensor]) -> None:
    """Copy the values of tensors on rank 0 to all other ranks, in place."""
    for tensor in tensors if world_size() > 1 else ():
        dist.broadcast(tensor, 0)


class _Sum(Function):
    """Sum over the devices, whose derivative is the same sum."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _sum(gradients[0])


def _sum(values: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(values))
