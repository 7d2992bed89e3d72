"""Checks of networks, data and Trainer settings before the first step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from traceback import walk_tb
from typing import Annotated, Any

import torch
from jsonargparse import Namespace
from pytorch_lightning.utilities.rank_zero import rank_zero_warn
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_gan.arguments import (
    Count,
    CountOrZero,
    Domain,
    PositiveShare,
    Seed,
    Share,
    check_value,
)
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.regularizers import Penalty
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import count_cpus

Steps = Annotated[int, Domain(-1, 2**53, whole=True)]  # -1: no limit
Processes = Annotated[int, Domain(1, max(8, count_cpus()), whole=True)]  # on a CPU
Batches = Share | CountOrZero  # a share of the batches, or a number
TRAINER: dict[str, Any] = {
    "accumulate_grad_batches": Count,
    "check_val_every_n_epoch": Count,
    "fast_dev_run": bool | CountOrZero,
    "limit_predict_batches": Batches,
    "limit_test_batches": Batches,
    "limit_train_batches": Batches,
    "limit_val_batches": Batches,
    "log_every_n_steps": Count,
    "max_epochs": Steps,
    "max_steps": Steps,
    "min_epochs": CountOrZero,
    "min_steps": Annotated[int, Domain(0, 2**53, whole=True)],
    "num_nodes": Annotated[int, Domain(1, 10_000, whole=True)],
    "num_sanity_val_steps": Annotated[int, Domain(-1, 2**31 - 1, whole=True)],
    "overfit_batches": Batches,
    "reload_dataloaders_every_n_epochs": CountOrZero,
    "val_check_interval": PositiveShare | Count | str | dict | timedelta,
}


WITHOUT_BATCH_NORM = (
    "set --model.discriminator.norm none (or layer, instance) for a DCGANDiscriminator, "
    "or choose a D that has no BatchNorm."
)


class MismatchError(UserError):
    """Two parts of an experiment do not fit each other."""


def check_networks(generator: Generator, discriminator: Discriminator) -> None:
    """Check that G generates examples of the shape that D reads.

    Raises:
        MismatchError: The shapes differ.
    """
    if generator.data_shape != discriminator.data_shape:
        g_shape, d_shape = list(generator.data_shape), list(discriminator.data_shape)
        raise MismatchError(
            f"G makes {g_shape} but D reads {d_shape}: give both the same data_shape."
        )


def check_penalties(discriminator: nn.Module, penalties: Sequence[Penalty]) -> None:
    """Check that D has no BatchNorm if the source of a penalty excludes it.

    A penalty on D's gradient at each example assumes that each logit depends on one example. Gulrajani et al. (2017),
    section 4, exclude BatchNorm from D for WGAN-GP.

    Args:
        discriminator: Discriminator D, including the networks inside wrappers.
        penalties: Terms that are added to D's loss.

    Raises:
        MismatchError: A penalty excludes BatchNorm, and D has it.
    """
    for sentence in _find_batch_norm_conflicts(
        discriminator, [p for p in penalties if p.forbids_batch_norm]
    ):
        raise MismatchError(
            f"{sentence}, which Gulrajani et al. (2017), section 4, exclude: {WITHOUT_BATCH_NORM}"
        )


def warn_about_batch_norm(discriminator: nn.Module, penalties: Sequence[Penalty]) -> None:
    """Warn about BatchNorm in D if a penalty takes gradients at each example and its source does not exclude BatchNorm.

    Mescheder et al. (2018) state no rule for R1 and R2, but their D has no BatchNorm.

    Args:
        discriminator: Discriminator D, including the networks inside wrappers.
        penalties: Terms that are added to D's loss.
    """
    allowed = [p for p in penalties if p.per_example and not p.forbids_batch_norm]
    for sentence in _find_batch_norm_conflicts(discriminator, allowed):
        rank_zero_warn(f"{sentence}: {WITHOUT_BATCH_NORM}")


def _find_batch_norm_conflicts(
    discriminator: nn.Module, penalties: Sequence[Penalty]
) -> Iterator[str]:
    """Yield a sentence for each penalty, if D has BatchNorm."""
    found = [layer for layer in discriminator.modules() if isinstance(layer, _BatchNorm)]
    for penalty in penalties if found else ():
        yield (
            f"{type(penalty).__name__} takes D's gradient at each example, but {type(found[0]).__name__} in "
            f"{type(discriminator).__name__} makes a logit depend on the whole minibatch"
        )


@contextmanager
def check_batch_norm(m: int, *networks: nn.Module) -> Iterator[None]:
    """Replace torch's error about a normalisation over a single value by one that names the network.

    Args:
        m: Number of examples in the minibatch or microbatch.
        networks: Networks that run inside the block.

    Raises:
        MismatchError: A normalisation layer has only one value for each channel.
    """
    try:
        yield
    except ValueError as error:
        if "Expected more than 1" not in str(error):
            raise
        named = _find_failed(error, networks)
        if "spatial" in str(error):
            raise MismatchError(
                f"InstanceNorm in {named} needs maps of 2 pixels or more: choose larger maps or another normalisation."
            ) from None
        raise MismatchError(
            f"BatchNorm needs 2 examples or more, but {named} got {m}: give a batch size of at least 2 for each device "
            f"and each microbatch, and drop_last=True to a DataLoader whose last batch is smaller."
        ) from None


def _find_failed(error: ValueError, networks: Sequence[nn.Module]) -> str:
    """Return the name of the network whose forward pass raised the error; all names if none is found."""
    running = [frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__)]
    failed = [n for n in networks if any(n is module for module in running)]
    return " and ".join(type(network).__name__ for network in failed or networks)


def check_data(data: object, generator: Generator) -> None:
    """Check that the data module and G have the same `data_shape` and the same `value_range`.

    An attribute that the data module does not have is not checked.

    Raises:
        MismatchError: The shapes or the ranges differ.
    """
    shape = tuple(getattr(data, "data_shape", generator.data_shape))
    if shape != generator.data_shape:
        raise MismatchError(
            f"The data are {list(shape)} but G makes {list(generator.data_shape)}: set data_shape of both "
            f"networks to {list(shape)}."
        )
    low, high = getattr(data, "value_range", generator.value_range)
    if (low, high) != tuple(generator.value_range):
        raise MismatchError(
            f"The data lie in [{low:g}, {high:g}] but {type(generator).__name__} makes values in "
            f"[{generator.value_range[0]:g}, {generator.value_range[1]:g}]: choose a data module and a generator "
            f"with the same value_range."
        )


def check_trainer(trainer: Namespace) -> None:
    """Check the domains of the Trainer's settings, and refuse those that the model replaces by its own.

    Raises:
        UserError: A setting lies outside its domain, or gradient_clip_val is set.
    """
    for name, domain in TRAINER.items():
        value = trainer.get(name)
        if domain is Batches and isinstance(value, float) and value > 1 and value.is_integer():
            # the parser may read 2 as 2.0, which Lightning treats as a share
            trainer[name] = value = int(value)
        if value is not None:
            check_value("trainer.", name, value, domain)
    check_devices(trainer.get("devices"), trainer.get("accelerator"))
    if trainer.gradient_clip_val:
        raise UserError(
            f"trainer.gradient_clip_val is {trainer.gradient_clip_val}, but each network is clipped separately: set "
            f"--model.d_clip and --model.g_clip."
        )


def check_devices(devices: Any, accelerator: Any) -> None:
    """Check the number of devices: at least 1, and on a CPU no more processes than it can run.

    Raises:
        UserError: The number lies outside its domain.
    """
    try:
        number = int(devices)
    except (TypeError, ValueError):
        return  # auto, or a list of indices
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available())
    if on_cpu or number != -1:  # -1: all GPUs
        check_value("trainer.", "devices", number, Processes if on_cpu else Count)


def check_seed(seed: int | bool | None) -> None:
    """Check that a seed is in the range that all libraries accept.

    Raises:
        UserError: The seed lies outside 0 to 2^32 - 1.
    """
    if not isinstance(seed, bool):  # true draws a seed, false sets none
        check_value("", "seed_everything", seed, Seed | None, default=None)


def check_batch(x: torch.Tensor, generator: Generator) -> None:
    """Check the shape and the value range of a minibatch of real examples.

    Raises:
        MismatchError: The examples have another shape than the networks', or values outside G's range.
    """
    if tuple(x.shape[1:]) != generator.data_shape:
        raise MismatchError(
            f"The minibatch has shape {list(x.shape)}, but the networks have shape "
            f"[m, {', '.join(map(str, generator.data_shape))}]: set their data_shape to {list(x.shape[1:])}."
        )
    low, high = generator.value_range
    if not (x.isfinite().all() and x.min() >= low - 1e-3 and x.max() <= high + 1e-3):
        raise MismatchError(
            f"The minibatch has values from {x.min().item():g} to {x.max().item():g}, but G generates values in "
            f"[{low:g}, {high:g}]: scale the data to that range, or choose another generator."
        )
