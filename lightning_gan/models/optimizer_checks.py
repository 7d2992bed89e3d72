"""Optimizers and schedules, tried on small parameters before the first step."""

from typing import Protocol

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import nn
from torch.nn import Parameter

from lightning_gan.networks import Discriminator, Generator
from lightning_gan.utils.errors import UserError


class HasOptimizers(Protocol):
    """Two networks, and what makes their optimizers and schedules: D's first."""

    discriminator: Discriminator
    generator: Generator
    make_optimizers: tuple[OptimizerCallable, OptimizerCallable]
    make_schedulers: tuple[LRSchedulerCallable, LRSchedulerCallable]
    _trainer: Trainer | None


def check_optimizers(gan: HasOptimizers) -> None:
    """Try each network's optimizer and schedule.

    Args:
        gan: the model; its Trainer says how many updates there will be, if it has one.

    Raises:
        ValueError: naming an optimizer or a schedule that cannot be used, or that ends before the run does.
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
    """Make one update and one step of the schedule, as a network does in training, with parameters of the same ranks.

    Args:
        letter: d or g, as in the settings' names.
        new_optimizer: makes the optimizer from parameters.
        new_scheduler: makes the schedule from the optimizer.
        network: the network whose optimizer it is.
        updates: the number of updates in the run; below 1 if it is not known.

    Raises:
        ValueError: naming the setting and its class; errors of their constructors stay as they are.
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
            f"gradient for each parameter ({_first_line(error)}): give another one, such as torch.optim.Adam."
        ) from error
    try:
        scheduler.step()
    except Exception as error:
        raise UserError(
            f"model.{letter}_scheduler is {type(scheduler).__name__}, which cannot be stepped after an update without "
            f"a metric ({_first_line(error)}): give a schedule over updates, such as LinearDecay."
        ) from error
    length = getattr(scheduler, "total_steps", None)
    if isinstance(length, int) and length < updates:
        raise UserError(
            f"model.{letter}_scheduler is {type(scheduler).__name__} of total_steps {length}, but the run has "
            f"{updates} updates of {letter.upper()}: give total_steps {updates}, or fewer trainer.max_steps."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
