"""Checks of optimizers and schedulers on small parameters before the first step."""

from typing import Protocol

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import nn
from torch.nn import Parameter

from lightning_gan.networks import Discriminator, Generator
from lightning_gan.utils.errors import UserError


class HasOptimizers(Protocol):
    """Model with two networks and the factories of their optimizers and schedulers, D's first."""

    discriminator: Discriminator
    generator: Generator
    make_optimizers: tuple[OptimizerCallable, OptimizerCallable]
    make_schedulers: tuple[LRSchedulerCallable, LRSchedulerCallable]
    _trainer: Trainer | None


def check_optimizers(gan: HasOptimizers) -> None:
    """Check the optimizer and the scheduler of each network.

    Args:
        gan: Model; the number of updates is read from its Trainer, if it has one.

    Raises:
        UserError: An optimizer or a scheduler cannot be used, or a scheduler ends before the run.
    """
    steps = gan._trainer.max_steps if gan._trainer else -1
    networks = (gan.discriminator, gan.generator)
    updates = (steps * getattr(gan, "k", 1), steps)
    for i, letter in enumerate("dg"):
        check_optimizer(
            letter, gan.make_optimizers[i], gan.make_schedulers[i], networks[i], updates[i]
        )


def check_optimizer(
    letter: str,
    new_optimizer: OptimizerCallable,
    new_scheduler: LRSchedulerCallable,
    network: nn.Module,
    updates: int,
) -> None:
    """Check that an optimizer and its scheduler can be stepped, on parameters of the same ranks as the network's.

    Args:
        letter: Letter of the network in the names of the settings, d or g.
        new_optimizer: Function from parameters to an optimizer.
        new_scheduler: Function from an optimizer to a scheduler.
        network: Network whose optimizer it is.
        updates: Number of updates in the run; below 1 if it is not known.

    Raises:
        UserError: The optimizer or the scheduler cannot be stepped, or the scheduler ends before the run. Errors of
            their constructors are not changed.
    """
    like = {p.dim(): p for p in network.parameters()}
    parameters = [Parameter(p.new_zeros([2] * rank)) for rank, p in like.items()]
    optimizer = new_optimizer(parameters)
    scheduler = new_scheduler(optimizer)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    try:
        optimizer.step()
    except Exception as error:
        raise UserError(
            f"model.{letter}_optimizer is {type(optimizer).__name__}, which cannot make an update from one dense "
            f"gradient for each parameter ({_first_line(error)}): give another optimizer, such as torch.optim.Adam."
        ) from error
    try:
        scheduler.step()
    except Exception as error:
        raise UserError(
            f"model.{letter}_scheduler is {type(scheduler).__name__}, which cannot be stepped after an update without "
            f"a metric ({_first_line(error)}): give a scheduler over updates, such as LinearDecay."
        ) from error
    length = getattr(scheduler, "total_steps", None)
    if isinstance(length, int) and length < updates:
        raise UserError(
            f"model.{letter}_scheduler is {type(scheduler).__name__} of total_steps {length}, but the run has "
            f"{updates} updates of {letter.upper()}: give total_steps {updates}, or fewer trainer.max_steps."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
